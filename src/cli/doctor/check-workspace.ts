import { statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Finding } from "../../channels/channel.ts";
import { parseEventFileName } from "../../events/event-name.ts";
import { eventLayout } from "../../events/file-store/layout.ts";
import { systemClock } from "../../runtime/clock.ts";
import { errorMessage, UserError } from "../../runtime/errors.ts";
import { plural } from "../../runtime/plural.ts";
import { readOutboxFiles } from "../../server/control/outbox-files.ts";
import { openSeenLetters } from "../../server/control/seen-letters.ts";
import { findSetAside } from "../../server/set-aside-files.ts";
import { lockFile } from "../../workspace/lock.ts";
import { describeHolder, readHolder } from "../../workspace/lock-file.ts";
import { askStatus } from "../commands/status.ts";
import type { CommandContext } from "../context.ts";
import { controlPathHere } from "../find-server.ts";
import { formatAge } from "../format.ts";
import { SILENT_LOG } from "../silent-log.ts";
import { ok, problem, warning } from "./section.ts";

const SCARCE_BYTES = 200_000_000;
const PROBE = ".doctor";

/** Whether events can be written durably. */
export async function checkDisk({ paths, files }: CommandContext): Promise<readonly Finding[]> {
  const probe = join(paths.events, PROBE);
  try {
    await files.makeDirectory(paths.events);
    await files.replace(probe, "x".repeat(4096), { sync: true });
    await files.remove(probe);
    const { bavail, bsize } = await statfs(paths.events);
    const free = bavail * bsize;
    const gigabytes = `${(free / 1e9).toFixed(1)} GB free`;
    return free < SCARCE_BYTES
      ? [warning(`The disk takes events, but is nearly full: ${gigabytes}`, "Free some space")]
      : [ok(`The disk takes events (${gigabytes})`)];
  } catch (error) {
    const remedy =
      "Until it can, the bot takes no messages: free space, or correct the folder's owner";
    return [problem(`Events cannot be written: ${errorMessage(error)}`, remedy)];
  }
}

/** A heartbeat comes every 10 s. */
const FRESH_MS = 35_000;

/** Whether a server runs, and what it says itself. */
export async function checkServer(context: CommandContext): Promise<readonly Finding[]> {
  const { paths, files } = context;
  const holder = await readHolder(lockFile(paths), files);
  try {
    const status = await askStatus(context);
    if (status) {
      const up = formatAge(systemClock.now() - status.startedAt);
      return [
        ok(`The server runs (process ${status.pid}, up for ${up}) and answers`),
        ...status.problems.map((text) => problem(text)),
      ];
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [problem(error.message, "Look into its log; if it hangs, restart it")];
  }
  if (!holder) return [ok("No server is running"), ...(await checkSocketFolder(context))];
  const age = systemClock.now() - holder.heartbeatAt;
  const who = describeHolder(holder);
  if (age >= FRESH_MS)
    return [ok(`A server was killed (${who}); the next start takes over by itself`)];
  const remedy =
    holder.host === hostname()
      ? "It is starting or stopping, or was just killed: look again in half a minute"
      : "Two machines must not serve one workspace: stop one of them";
  return [warning(`The workspace is in use, but its server does not answer (${who})`, remedy)];
}

async function checkSocketFolder(context: CommandContext): Promise<readonly Finding[]> {
  try {
    await controlPathHere(context);
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [problem(error.message)];
  }
}

function givenUp(dead: number, unseen: number): Finding {
  const remedy = "See why: my-bot outbox list; then outbox retry or discard";
  if (dead === 0) return ok("None was given up");
  const what = plural(dead, "was given up", "were given up");
  return unseen > 0 ? problem(`${what}, ${unseen} of them new`, remedy) : warning(what, remedy);
}

/** What waits, and what was given up. */
export async function checkEvents({ paths, files }: CommandContext): Promise<readonly Finding[]> {
  const damaged = await findSetAside(paths, files);
  const { total, entries } = await readOutboxFiles(paths.events, files).list();
  const refs = (await files.list(eventLayout(paths.events).failed)).filter(parseEventFileName);
  const dead = refs.length;
  const seen = await openSeenLetters(paths.events, { files, log: SILENT_LOG });
  const unseen = refs.filter((ref) => !seen.has(ref)).length;
  const unreadable = (await files.list(eventLayout(paths.events).quarantine)).filter(
    (name) => !name.endsWith(".reason"),
  ).length;
  const oldest = entries.find(({ state }) => state === "owed");
  const age = oldest ? `, the oldest for ${formatAge(systemClock.now() - oldest.acceptedAt)}` : "";
  return [
    ok(`${plural(total - dead, "message or reply waits", "messages and replies wait")}${age}`),
    givenUp(dead, unseen),
    ...(unreadable > 0
      ? [
          warning(
            `${plural(unreadable, "unreadable file is", "unreadable files are")} in .event/quarantine`,
            "Each has its reason beside it",
          ),
        ]
      : []),
    ...damaged.map((name) =>
      problem(
        `${name} was damaged or too large, and set aside; what could be read goes on`,
        "Look at it, then take it away",
      ),
    ),
  ];
}
