import { existsSync, readdirSync, readFileSync } from "node:fs";
import { eventually } from "../contracts/recording-receiver.ts";
import type { Conversation } from "./conversation.ts";
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
  /** Model calls for the first question, up to the kill and after it. */
  readonly callsBefore: number;
  readonly callsAfter: number;
}

export interface KillRun {
  readonly rig: Rig;
  readonly ledger: Ledger;
  readonly chat: Conversation;
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
  const questions = [await askAndDie(run, point)].flat();
  const [first] = questions;
  if (!first) throw new Error("unreachable");
  const before = ledger.shown(chat);
  const callsBefore = ledger.modelCalls(first);
  const wasAnswered = isInHistory(rig, partNames(first)[0] ?? "");
  const last = ledger.ask(chat);
  rig.server.start();
  await answered(run, last);
  return {
    questions: [...questions, last],
    before,
    after: ledger.shown(chat).slice(before.length),
    wasAnswered,
    callsBefore,
    callsAfter: ledger.modelCalls(first) - callsBefore,
  };
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
  const questions = [ledger.ask(chat, point.parts), ledger.ask(chat)];
  for (const then of afterAsking) then();
  await within(rig.server.exited(), KILL_MS, `the kill at "${point.name}"`);
  disarm();
  return questions;
}

/** Waits until the answer is shown whole. It is the last one in its chat, so all before it have been sent. */
export async function answered({ ledger, chat }: KillRun, question: Question): Promise<void> {
  await eventually(() => {
    const names = ledger.shown(chat).map(({ name }) => name);
    const missing = partNames(question).filter((name) => !names.includes(name));
    if (missing.length > 0) throw new Error(`Not shown: ${missing}; but: ${names}`);
  }, RECOVERY_MS);
}

/** Whether a finished answer is in a session's file. Each line is whole, or was never acknowledged. */
function isInHistory({ workspace }: Pick<Rig, "workspace">, text: string): boolean {
  const folder = workspace.path(".history", "sessions");
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some((name) =>
    readFileSync(workspace.path(".history", "sessions", name), "utf8")
      .split("\n")
      .slice(0, -1)
      .some((line) => line.includes(`answer ${text}`)),
  );
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
