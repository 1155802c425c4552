import type { Memory } from "./memory.ts";
import type { TortureOptions } from "./options.ts";
import type { Results } from "./run.ts";
import { brokenIn, type Percentiles, percentiles, type Row, type Sums, sumUp } from "./tally.ts";

/** Where and when it ran: figures of time mean nothing without it. */
export interface Circumstances {
  readonly options: TortureOptions;
  readonly version: string;
  readonly node: string;
  readonly cores: number;
  /** Average load of the last minute: at the start, and at the end. */
  readonly load: readonly [number, number];
  readonly minutes: number;
  /** False if it was stopped, or ran out of time. */
  readonly isComplete: boolean;
}

/** The report as it is written to a file. */
export function reportOf(
  { rows, memory, changes, failures }: Results,
  circumstances: Circumstances,
) {
  const inOrder = [...rows].sort((a, b) => a.number - b.number || orderOf(a) - orderOf(b));
  const mine = inOrder.filter(({ bot }) => bot === "my-bot");
  return {
    ...circumstances,
    holds: circumstances.isComplete && brokenIn(rows).length + failures.length === 0,
    broken: [...brokenIn(rows), ...failures],
    settingsChangedAfterInit: changes,
    totals: sumUp(mine),
    timeToReadyMs: timesOf(mine, "ready"),
    timeToFirstRedeliveryMs: timesOf(mine, "redelivery"),
    memory,
    rows: inOrder.map(({ runs, ...row }) => ({
      ...row,
      sums: sumUp([{ ...row, runs }]),
      readyMs: timesOf([{ ...row, runs }], "ready"),
      redeliveryMs: timesOf([{ ...row, runs }], "redelivery"),
    })),
  };
}

const orderOf = ({ platform }: Row) => ["telegram", "discord", "both"].indexOf(platform);

function timesOf(rows: readonly Row[], which: "ready" | "redelivery"): Percentiles {
  return percentiles(rows.flatMap(({ runs }) => runs.flatMap(({ times }) => times[which])));
}

export type Report = ReturnType<typeof reportOf>;

/** The report for a person: one row a point and platform, then the totals, then the other bots. */
export function describeReport(report: Report, results: Results): readonly string[] {
  const mine = results.rows.filter(({ bot }) => bot === "my-bot");
  return [
    ...(mine.length > 0 ? ["", ...ownTable(mine), "", ...totalsOf(report)] : []),
    ...(results.rows.some(({ bot }) => bot !== "my-bot") ? ["", ...comparison(results)] : []),
    ...results.rows
      .filter(({ skipped }) => skipped !== undefined)
      .map(
        ({ number, point, platform, skipped }) =>
          `skipped: ${number} ${point}, ${platform}: ${skipped}`,
      ),
    "",
    ...report.broken.map((sentence) => `BROKEN  ${sentence}`),
    verdictOf(report),
  ];
}

const HEADINGS = [
  "point",
  "platform",
  "runs",
  "kills",
  "lost",
  "twice: labelled",
  "unlabelled",
  "out of order",
  "calls a question (most)",
  "sends in flight",
  "",
];

function ownTable(rows: readonly Row[]): readonly string[] {
  return formatTable([
    HEADINGS,
    ...groupsOf(rows).map(({ key, rows: group }) => {
      const sums = sumUp(group);
      return [
        key,
        group[0]?.platform ?? "",
        ...cellsOf(sums),
        brokenIn(group).length > 0 ? "BROKEN" : "",
      ];
    }),
  ]);
}

const cellsOf = (sums: Sums): readonly string[] => [
  String(sums.runs),
  String(sums.kills),
  String(sums.lost),
  String(sums.labelled),
  String(sums.unlabelled),
  String(sums.outOfOrder),
  `${(sums.modelCalls / Math.max(1, sums.questions)).toFixed(2)} (${sums.mostCalls})`,
  String(sums.inFlight),
];

/** What the numbers stand for; the variants of each are in the file. */
const TITLES: Readonly<Record<number, string>> = {
  0: "written while it is down",
  1: "message fetched",
  2: "confirmation on its way",
  3: "model call in flight",
  4: "model has answered",
  5: "send arrived, not posted",
  6: "send posted, not answered",
  7: "part k of 3 arrived",
  8: "part k of 3 posted",
  9: "send answered",
  10: "waiting after a 429",
  11: "during the start",
  12: "hot reload, outbox retry",
  13: "at random",
  14: "disk full, read-only",
};

const titleOf = (number: number): string => `${number} ${TITLES[number] ?? ""}`;

function groupsOf(rows: readonly Row[]) {
  const groups = new Map<string, { key: string; rows: Row[] }>();
  const inOrder = [...rows].sort((a, b) => a.number - b.number || orderOf(a) - orderOf(b));
  for (const row of inOrder.filter(({ runs }) => runs.length > 0)) {
    const name = `${row.number} ${row.platform}`;
    const group = groups.get(name) ?? { key: titleOf(row.number), rows: [] };
    groups.set(name, group);
    group.rows.push(row);
  }
  return [...groups.values()];
}

function totalsOf(report: Report): readonly string[] {
  const { totals, memory } = report;
  const mine = memory.find(({ bot }) => bot === "my-bot")?.memory;
  return [
    `total: ${totals.kills} kills, ${totals.questions} questions, answered in ${totals.messages} messages; lost ${totals.lost}, twice ${totals.labelled} labelled and ${totals.unlabelled} unlabelled (${totals.inFlight} sends in flight), out of order ${totals.outOfOrder}, parked ${totals.parked}, model calls after the answer was kept ${totals.callsAfterAnswered}`,
    `process start to first redelivery: ${inWords(report.timeToFirstRedeliveryMs)}; to ready: ${inWords(report.timeToReadyMs)}`,
    ...(mine ? [memoryInWords(mine)] : []),
    `${report.cores} cores, load ${report.load.map((load) => load.toFixed(1)).join(" at the start, ")} at the end, ${report.options.jobs} at a time, Node ${report.node}, ${report.minutes.toFixed(1)} min, seed ${report.options.seed}`,
    `configuration: what \`my-bot init\` writes, tokens in .env, and changed: ${report.settingsChangedAfterInit.join(", ")}`,
  ];
}

const inWords = ({ count, p50, p95 }: Percentiles) =>
  count === 0 ? "not measured" : `p50 ${p50} ms, p95 ${p95} ms (${count} starts)`;

const memoryInWords = ({ idle, after, messages }: Memory) =>
  `memory: ${megabytes(idle)} idle, ${megabytes(after)} after ${messages} messages`;
const megabytes = (bytes: number | undefined) =>
  bytes === undefined ? "unknown" : `${Math.round(bytes / 1_000_000)} MB`;

/** Only Telegram: the other bots do not know Discord. */
function comparison(results: Results): readonly string[] {
  const bots = [...new Set(results.rows.map(({ bot }) => bot))];
  const numbers = [...new Set(results.rows.filter(isCompared).map(({ number }) => number))];
  const rows = numbers
    .sort((a, b) => a - b)
    .map((number) => [
      titleOf(number),
      ...bots.map((bot) => comparedCell(results.rows, bot, number)),
    ]);
  return [
    "On Telegram, at the points that make sense for a bot without a disk.",
    "Messages lost / shown twice / out of order of all that the answers take; model calls a question:",
    ...formatTable([["point", ...bots], ...rows]),
    ...results.memory.map(({ bot, memory }) => `${bot}: ${memoryInWords(memory)}`),
  ];
}

const isCompared = ({ bot, platform }: Row) => bot !== "my-bot" && platform === "telegram";

function comparedCell(rows: readonly Row[], bot: Row["bot"], number: number): string {
  const compared = new Set(rows.filter(isCompared).map(({ point }) => point));
  const own = rows.filter(
    (row) =>
      row.bot === bot &&
      row.number === number &&
      row.platform !== "discord" &&
      compared.has(row.point),
  );
  const sums = sumUp(own);
  if (sums.questions === 0) return "-";
  const calls = (sums.modelCalls / sums.questions).toFixed(2);
  const label = sums.labelled > 0 ? " labelled" : "";
  return `${sums.lost} / ${sums.labelled + sums.unlabelled}${label} / ${sums.outOfOrder} of ${sums.messages}, ${calls}`;
}

function verdictOf({ isComplete, broken }: Report): string {
  if (broken.length > 0) return `${broken.length} bars are broken`;
  return isComplete ? "every bar holds" : "not complete: nothing that was tried broke a bar";
}

function formatTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
