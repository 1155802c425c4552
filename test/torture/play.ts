import type { Platform } from "../rig/conversation.ts";
import {
  callsAfterAnswered,
  chatsInDoubt,
  type DeathLog,
  type StartTimes,
  startTimes,
  watchDeaths,
} from "../rig/deaths.ts";
import { createLedger, type Ledger, questionIn, type Verdict } from "../rig/ledger.ts";
import type { Rig } from "../rig/rig.ts";
import { within } from "../rig/run-kill.ts";
import type { Point } from "./points/point.ts";
import { settle } from "./settle.ts";

/** What is counted in one run, and summed over several. */
export interface Counts {
  readonly kills: number;
  readonly questions: number;
  /** Platform messages that all answers take. What follows is counted in these. */
  readonly messages: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly labelled: number;
  readonly unlabelled: number;
  /** Model calls for all questions, and the most for one. */
  readonly modelCalls: number;
  readonly mostCalls: number;
  readonly callsAfterAnswered: number;
  /** Chats with a send on its way, or just answered, summed over the kills. */
  readonly inFlight: number;
  /** Messages that were set aside after three deaths, each with a notice. */
  readonly parked: number;
}

/** What came of one run. */
export interface Played extends Counts {
  readonly times: StartTimes;
  /** Bars that are broken, in words; nothing for other bots. */
  readonly broken: readonly string[];
}

export interface PlayedOn {
  readonly rig: Rig;
  readonly platform: Platform;
  /** The number of the next person who has not written before. */
  nextPerson(): number;
}

/** Longer than the longest wait that belongs to a point. */
const PLAY_MS = 240_000;

export async function playPoint(point: Point, on: PlayedOn): Promise<Played> {
  const { rig, platform } = on;
  const ledger = createLedger(rig.model);
  const log = watchDeaths(rig);
  const stage = {
    ...{ rig, platform, ledger },
    person: () => rig.person(platform, on.nextPerson()),
    settled: () => settle(rig, ledger),
  };
  try {
    const wrong = await within(point.play(stage), PLAY_MS, "the end").catch((error) => [
      `not finished: ${error instanceof Error ? error.message : error}`,
    ]);
    return await summarize({ rig, ledger, log }, wrong);
  } finally {
    log.close();
  }
}

export interface Observed {
  readonly rig: Rig;
  readonly ledger: Ledger;
  readonly log: DeathLog;
  /** What can be explained although it looks wrong. */
  readonly parked?: number;
  readonly verdict?: Verdict;
}

/** Counts, and judges what holds after every point. */
export async function summarize(observed: Observed, wrong: readonly string[]): Promise<Played> {
  const { rig, ledger, log, parked = 0 } = observed;
  const { deaths } = log;
  const verdict = observed.verdict ?? ledger.judge();
  const calls = callsByQuestion(observed);
  const after = callsAfterAnswered(rig.model.requests, deaths);
  const labelled = verdict.repeats.filter((repeat) => repeat.labelled).length;
  const doubt = (on: Platform) => sum(deaths.map((death) => chatsInDoubt(rig, on, death)));
  const played = {
    kills: deaths.length,
    questions: calls.length,
    messages: sum(ledger.asked().flatMap(({ questions }) => questions.map(({ parts }) => parts))),
    lost: verdict.lost.length,
    outOfOrder: verdict.outOfOrder.length,
    labelled,
    unlabelled: verdict.repeats.length - labelled,
    modelCalls: sum(calls),
    mostCalls: Math.max(0, ...calls),
    callsAfterAnswered: after.length,
    inFlight: sum(rig.channels.map(doubt)),
    parked,
    times: startTimes(rig, log),
  };
  if (!rig.isMyBot) return { ...played, broken: [] };
  const bars = [
    ...barsOf(verdict, doubt("telegram")),
    ...told("model calls after the answer was kept", after),
    ...(await storeBars(rig, parked)),
  ];
  return { ...played, broken: [...bars, ...wrong] };
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

function callsByQuestion({ rig, ledger }: Observed): readonly number[] {
  const counts = new Map<string, number>();
  for (const { text } of rig.model.requests) {
    const id = questionIn(text);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return ledger.asked().flatMap(({ questions }) => questions.map(({ id }) => counts.get(id) ?? 0));
}

const told = (what: string, which: readonly string[]): readonly string[] =>
  which.length === 0 ? [] : [`${what}: ${which.slice(0, 5).join(", ")}${more(which)}`];
const more = (which: readonly string[]) =>
  which.length > 5 ? ` and ${which.length - 5} more` : "";

function barsOf(verdict: Verdict, telegramInDoubt: number): readonly string[] {
  const { repeats } = verdict;
  const parts = (some: typeof repeats) => some.map(({ part }) => part);
  const telegram = repeats.filter(({ platform }) => platform === "telegram");
  return [
    ...told("lost", verdict.lost),
    ...told("out of order", verdict.outOfOrder),
    ...told(
      "not an answer",
      verdict.strange.map(({ text }) => text.slice(0, 80)),
    ),
    ...told("twice without a label", parts(repeats.filter(({ labelled }) => !labelled))),
    ...told("twice on Discord", parts(repeats.filter(({ platform }) => platform === "discord"))),
    ...(telegram.length > telegramInDoubt
      ? told(`twice, with ${telegramInDoubt} sends in flight`, parts(telegram))
      : []),
  ];
}

/** Nothing may be given up or set aside. */
async function storeBars(rig: Rig, parked: number): Promise<readonly string[]> {
  if (!rig.server.isRunning()) return [];
  const { failed, quarantined } = (await rig.status()).events;
  return failed > parked || quarantined > 0
    ? [`${failed} dead letters, ${quarantined} files in quarantine`]
    : [];
}
