import { systemClock } from "../../runtime/clock.ts";
import { plural } from "../../runtime/plural.ts";
import type { OutboxEntry } from "../../server/control/outbox-files.ts";
import { statusSchema } from "../../server/control/results.ts";
import type { ChannelReport, StatusReport } from "../../server/status.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { askServer, notRunning } from "../find-server.ts";
import { excerpt, formatAge, formatTable } from "../format.ts";
import { print, printJson } from "../output.ts";

/** How the running server is. Exit code 1 while something is wrong. */
export async function runStatus(context: CommandContext): Promise<number> {
  const status = await askStatus(context);
  if (!status && context.json) printJson({ running: false, workspace: context.paths.root });
  if (!status) throw notRunning(context);
  if (context.json) printJson({ running: true, ...status });
  else for (const line of describeStatus(status, systemClock.now())) print(line);
  return status.ready ? EXIT.ok : EXIT.problem;
}

/** Undefined if no server is running. */
export async function askStatus(context: CommandContext): Promise<StatusReport | undefined> {
  const answer = await askServer(context, { method: "status" });
  return answer && statusSchema.parse(answer.result);
}

export function describeChannel(channel: ChannelReport, now: number): readonly string[] {
  const { name, platform, state, since, access } = channel;
  const account = state.kind === "connected" ? ` as ${state.account}` : "";
  const lastPollAt = state.kind === "connected" ? state.lastPollAt : undefined;
  const heard = lastPollAt === undefined ? "" : `, heard from ${formatAge(now - lastPollAt)} ago`;
  return [
    name,
    platform === name ? "" : platform,
    `${state.kind}${account} for ${formatAge(now - since)}${heard}`,
    platform === "cli" ? "" : `lets in: ${access}`,
  ];
}

function describeStatus(status: StatusReport, now: number): readonly string[] {
  const { events, store, channels, strangers, pairingCode, loopDelay } = status;
  const oldest = events.oldestOwedAt;
  const age = oldest === undefined ? "" : `, the oldest for ${formatAge(now - oldest)}`;
  const lines = formatTable([
    [
      "my-bot",
      `${status.version}, process ${status.pid}, up for ${formatAge(now - status.startedAt)}`,
    ],
    ["workspace", status.workspace],
    ["memory", `${Math.round(status.memory / 1_000_000)} MB`],
    [
      "event loop",
      `late by ${loopDelay.p99Ms} ms (p99 when last busy), ${loopDelay.maxMs} ms at most`,
    ],
    ["messages", `${events.inbox} to answer, ${events.pending} to deliver${age}`],
    [
      "given up",
      `${plural(events.failed, "dead letter")} (${status.unseen} new), ${plural(events.quarantined, "unreadable file")}`,
    ],
    ["disk", store.ok ? "takes events" : `refuses events for ${formatAge(now - store.since)}`],
  ]);
  return [
    ...lines,
    "",
    "channels",
    ...formatTable(channels.map((channel) => describeChannel(channel, now))).map(
      (row) => `  ${row}`,
    ),
    ...strangerLines(strangers, now),
    ...(pairingCode && channels.some(({ platform }) => platform !== "cli")
      ? ["", `No owner yet. To become it, send the bot: /start ${pairingCode}`]
      : []),
    ...status.warnings.flatMap((warning, index) => [...(index === 0 ? [""] : []), `! ${warning}`]),
    "",
    ...(status.ready
      ? ["All is well."]
      : ["What is wrong:", ...status.problems.map((problem) => `  ✗ ${problem}`)]),
    ...letterLines(status.letters ?? [], now),
  ];
}

function letterLines(letters: readonly OutboxEntry[], now: number): readonly string[] {
  const rows = letters.map(({ acceptedAt, channel, chat, reason }) => [
    `      ${formatAge(now - acceptedAt)} ago`,
    `${channel ?? "?"}, chat ${chat ?? "?"}`,
    excerpt(reason ?? "", REASON_LENGTH),
  ]);
  return formatTable(rows);
}

const REASON_LENGTH = 100;

function strangerLines(strangers: StatusReport["strangers"], now: number): readonly string[] {
  if (strangers.length === 0) return [];
  const rows = strangers
    .slice(0, SHOWN_STRANGERS)
    .map(({ channel, sender, attempts, lastAt }) => [
      `  ${sender.name ?? "someone"} (${sender.id})`,
      channel,
      `${plural(attempts, "message")}, the last ${formatAge(now - lastAt)} ago`,
    ]);
  const more = strangers.length - rows.length;
  return [
    "",
    "refused (let in with allow_from, or with a code: /pair)",
    ...formatTable(rows),
    ...(more > 0 ? [`  … and ${more} more (--json lists them)`] : []),
  ];
}

const SHOWN_STRANGERS = 5;
