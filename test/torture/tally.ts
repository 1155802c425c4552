import type { Platform } from "../rig/conversation.ts";
import type { Counts, Played } from "./play.ts";
import type { Subject } from "./subjects.ts";

/** All runs of one point with one bot on one platform. */
export interface Row {
  readonly bot: Subject["name"];
  readonly platform: Platform | "both";
  readonly number: number;
  readonly point: string;
  readonly runs: readonly Played[];
  /** Why it was not tried. */
  readonly skipped?: string;
}

export interface Sums extends Counts {
  readonly runs: number;
}

export function sumUp(rows: readonly Row[]): Sums {
  const runs = rows.flatMap((row) => row.runs);
  const sum = (of: (run: Played) => number) => runs.reduce((total, run) => total + of(run), 0);
  return {
    runs: runs.length,
    kills: sum((run) => run.kills),
    questions: sum((run) => run.questions),
    messages: sum((run) => run.messages),
    lost: sum((run) => run.lost),
    outOfOrder: sum((run) => run.outOfOrder),
    labelled: sum((run) => run.labelled),
    unlabelled: sum((run) => run.unlabelled),
    modelCalls: sum((run) => run.modelCalls),
    mostCalls: Math.max(0, ...runs.map((run) => run.mostCalls)),
    callsAfterAnswered: sum((run) => run.callsAfterAnswered),
    inFlight: sum((run) => run.inFlight),
    parked: sum((run) => run.parked),
  };
}

/** Milliseconds. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number | undefined;
  readonly p95: number | undefined;
}

export function percentiles(times: readonly number[]): Percentiles {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1];
  return { count: sorted.length, p50: at(0.5), p95: at(0.95) };
}

export const brokenIn = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ bot, platform, point, runs }) =>
    runs.flatMap(({ broken }) =>
      broken.map((sentence) => `${bot}, ${platform}, ${point}: ${sentence}`),
    ),
  );
