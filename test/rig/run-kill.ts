import { eventually } from "../contracts/recording-receiver.ts";
import type { Conversation } from "./conversation.ts";
import { readAnswered } from "./deaths.ts";
import type { KillPoint } from "./kill-points.ts";
import { type Ledger, type Part, partNames, type Question } from "./ledger.ts";
import type { Rig } from "./rig.ts";

/** What was so when the server was dead, and after it had come back and everything was answered. */
export interface KillReport {
  readonly questions: readonly Question[];
  /** Parts that were shown before the kill: a lost and a doubled one must not look like success. */
  readonly before: readonly Part[];
  /** Parts that were shown after it. */
  readonly after: readonly Part[];
  /** The first answer was in the history when the server died. */
  readonly wasAnswered: boolean;
}

export interface KillRun {
  readonly rig: Rig;
  readonly ledger: Ledger;
  readonly chat: Conversation;
  /** Waits until nothing more is to be expected. */
  settled(): Promise<void>;
  /** How it is started again, if not at once and as before. */
  restart?(): Promise<void>;
}

const KILL_MS = 20_000;
const RECOVERY_MS = 30_000;

/**
 * Two questions at once, death at the point during the first one's way, a third question while the server is down,
 * restart, and the answers of all three.
 */
export async function runKill(run: KillRun, point: KillPoint): Promise<KillReport> {
  const { rig, ledger, chat } = run;
  if (!rig.server.isRunning()) await rig.start();
  const questions = await askAndDie(run, point);
  const before = ledger.shown(chat);
  const wasAnswered = readAnswered(rig).has(questions[0]?.id ?? "");
  const last = ledger.ask(chat);
  if (run.restart) await run.restart();
  else rig.server.start();
  await run.settled();
  const after = ledger.shown(chat).slice(before.length);
  return { questions: [...questions, last], before, after, wasAnswered };
}

async function askAndDie(run: KillRun, point: KillPoint): Promise<readonly Question[]> {
  const { rig, ledger, chat } = run;
  const afterAsking: (() => void)[] = [];
  let isOver = false;
  const disarm = point.arm({
    rig,
    chat,
    onAsked: (then) => void afterAsking.push(then),
    kill(afterMs = 0) {
      if (!isOver && afterMs > 0) setTimeout(rig.server.kill, afterMs);
      else if (!isOver) rig.server.kill();
      isOver = true;
      return "abandon";
    },
  });
  const { parts = 1, tool = false } = point;
  const questions = [ledger.ask(chat, { parts, tool }), ledger.ask(chat)];
  for (const then of afterAsking) then();
  try {
    await within(rig.server.exited(), KILL_MS, `the kill at "${point.name}"`);
  } finally {
    disarm();
  }
  return questions;
}

/** Waits until the answer is shown whole. It is the last one in its chat, so all before it have been sent. */
export async function answered(
  { ledger, chat }: Pick<KillRun, "ledger" | "chat">,
  question: Question,
): Promise<void> {
  await eventually(() => {
    const names = ledger.shown(chat).map(({ name }) => name);
    const missing = partNames(question).filter((name) => !names.includes(name));
    if (missing.length > 0) throw new Error(`Not shown: ${missing}; but: ${names}`);
  }, RECOVERY_MS);
}

export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
