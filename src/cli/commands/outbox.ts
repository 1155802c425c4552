import { systemClock } from "../../runtime/clock.ts";
import { errorMessage, UserError } from "../../runtime/errors.ts";
import { type OutboxEntry, readOutboxFiles } from "../../server/control/outbox-files.ts";
import type { ControlRequest } from "../../server/control/protocol.ts";
import { decidedSchema, detailsSchema, outboxSchema } from "../../server/control/results.ts";
import { openSeenLetters } from "../../server/control/seen-letters.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { askServer, noWorkspace } from "../find-server.ts";
import { excerpt, formatAge, formatTable } from "../format.ts";
import { print, printJson } from "../output.ts";
import { SILENT_LOG } from "../silent-log.ts";
import { describeDetails } from "./outbox-details.ts";

const EXCERPT_LENGTH = 40;

/** What is owed and what was given up, from the running server or, without one, from its files. */
export async function listOutbox(context: CommandContext): Promise<number> {
  const answer = await askAbout(context, { method: "outbox.list" });
  const result = answer ? answer.result : await filesOf(context).list();
  const { total, entries } = outboxSchema.parse(result);
  if (context.json) printJson({ total, entries });
  else printEntries(total, entries);
  await markSeen(context, entries);
  return EXIT.ok;
}

function printEntries(total: number, entries: readonly OutboxEntry[]): void {
  const now = systemClock.now();
  if (total === 0) print("Nothing is owed, and nothing was given up.");
  const rows = entries.map((entry) => describeEntry(entry, now));
  for (const row of formatTable(rows.length > 0 ? [HEADINGS, ...rows] : [])) print(row);
  if (total > entries.length) print(`… and ${total - entries.length} more`);
}

/** What was shown is known to the operator from now on: `status` counts it, but is not red for it any more. */
async function markSeen(
  context: CommandContext,
  entries: readonly Pick<OutboxEntry, "ref" | "state">[],
): Promise<void> {
  const refs = entries.filter(({ state }) => state === "dead").map(({ ref }) => ref);
  if (refs.length === 0 || (await askServer(context, { method: "outbox.seen", refs }))) return;
  try {
    await (await openSeen(context)).mark(refs, refs);
  } catch (error) {
    throw new UserError(`Cannot note what was shown: ${errorMessage(error)}`, { cause: error });
  }
}

const openSeen = ({ paths, files }: CommandContext) =>
  openSeenLetters(paths.events, { files, log: SILENT_LOG });

const HEADINGS = ["REF", "STATE", "WHAT", "AGE", "CHANNEL", "CHAT", "TRIES", "TEXT OR REASON"];
/** As much of a ref as tells it from every other: the event's id. */
const ID_LENGTH = 16;

function describeEntry(entry: OutboxEntry, now: number): readonly string[] {
  const { ref, state, box, acceptedAt, channel, chat, attempts, reason, text } = entry;
  return [
    ref.slice(0, ID_LENGTH),
    state,
    box === "inbox" ? "message" : "reply",
    formatAge(now - acceptedAt),
    channel ?? "?",
    chat ?? "?",
    String(attempts),
    reason === undefined
      ? excerpt(text ?? "", EXCERPT_LENGTH)
      : excerpt(reason, 2 * EXCERPT_LENGTH),
  ];
}

/** All that is known about one. */
export async function showEntry(context: CommandContext, ref: string): Promise<number> {
  const answer = await askAbout(context, { method: "outbox.show", ref });
  const details = detailsSchema.parse(answer ? answer.result : await filesOf(context).find(ref));
  if (context.json) printJson(details);
  else for (const line of describeDetails(details)) print(line);
  await markSeen(context, [details]);
  return EXIT.ok;
}

/** An operator's decision. Without a server, the store is opened for it. */
export async function decide(
  context: CommandContext,
  decision: "retry" | "discard",
  ref: string,
): Promise<number> {
  const answer = await askAbout(context, { method: `outbox.${decision}`, ref });
  const result = answer ? answer.result : await decideAlone(context, decision, ref);
  const decided = decidedSchema.parse(result);
  if (context.json) printJson({ ...decided, decision });
  else print(`${decided.ref}: ${EFFECTS[decision][answer ? "running" : "stopped"]}`);
  return EXIT.ok;
}

const EFFECTS = {
  retry: { running: "tried again now", stopped: "will be tried again when a server runs" },
  discard: { running: "discarded", stopped: "discarded" },
} as const;

/** The running server's answer, if there is one. Rejects with a UserError where there is no workspace to speak of. */
async function askAbout(context: CommandContext, request: ControlRequest) {
  const { paths, files } = context;
  // Events outlive a configuration that was taken away; a folder without either never had any.
  if (!(await files.stat(paths.userConfig)) && !(await files.stat(paths.events))) {
    throw noWorkspace(context);
  }
  return askServer(context, request);
}

const filesOf = ({ paths, files }: CommandContext) => readOutboxFiles(paths.events, files);

async function decideAlone(
  context: CommandContext,
  decision: "retry" | "discard",
  start: string,
): Promise<{ readonly ref: string }> {
  const { ref } = await filesOf(context).find(start);
  if (decision === "retry") await (await openSeen(context)).forget(ref);
  const { withStoppedStore } = await import("../stopped-store.ts");
  await withStoppedStore(context, (bus) => bus[decision](ref));
  return { ref };
}
