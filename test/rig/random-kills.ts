import { setTimeout as delay } from "node:timers/promises";
import type { Conversation } from "./conversation.ts";
import {
  createLedger,
  type Ledger,
  partNames,
  type Question,
  type Repeat,
  type Verdict,
} from "./ledger.ts";
import { createRandom, exponential } from "./random.ts";
import type { Rig } from "./rig.ts";

export interface RandomKillsOptions {
  readonly seed: number;
  /** Half of the chats on each platform. */
  readonly chats: number;
  readonly messages: number;
  /** In which the messages are written. */
  readonly writingMs: number;
  /** Mean time from a life's having read its folder to its death; for a third of them, from their spawning. */
  readonly meanLifeMs: number;
  /** Killing goes on until there were so many, also when everything is written. */
  readonly minKills?: number;
  /** How long the calm after the last kill may take. */
  readonly calmMs: number;
}

export interface RandomKillsReport extends Verdict {
  readonly kills: number;
  readonly messages: number;
  /** Telegram chats with a send on its way, or just answered, summed over the kills: only these may come twice. */
  readonly inDoubt: number;
  /** Repeats beyond one for each kill and chat, and those without a kill between the two showings. */
  readonly unexplained: readonly Repeat[];
  /** The most model calls that one question took. */
  readonly modelCalls: number;
  /** Milliseconds from the last start until everything was answered. */
  readonly calmMs: number;
  /** Milliseconds from each start of a process to its first send; of lives that sent something. */
  readonly firstSendMs: readonly number[];
}

/** How a life ends: at a random time, or at the next moment of a kind after it. */
const ENDS = ["now", "model asked", "model answered", "send arrived", "send posted"] as const;
type End = (typeof ENDS)[number];
/** A moment that does not come by itself is not waited for longer. */
const MOMENT_MS = 400;
/** A send this young may be one whose answer the dead server had not read and settled yet. */
const UNSETTLED_MS = 1_000;

/** People write at random times, the server dies at random times, and then there is calm. */
export async function runRandomKills(
  rig: Rig,
  options: RandomKillsOptions,
): Promise<RandomKillsReport> {
  const random = createRandom(options.seed);
  const ledger = createLedger(rig.model);
  const chats = Array.from({ length: options.chats }, (_, index) =>
    rig.person(index % 2 === 0 ? "telegram" : "discord", 1 + Math.floor(index / 2)),
  );
  const kills: number[] = [];
  let inDoubt = 0;
  const firstSends = new Map<number, number>();
  const unwatch = chats.map((chat) => watchFirstSends(rig, chat, firstSends));
  await rig.start();
  const writing = writeAll({ ledger, chats, random, options });
  let isWriting = true;
  void writing.finally(() => {
    isWriting = false;
  });
  while (isWriting || kills.length < (options.minKills ?? 0)) {
    // A third of the lives may end in the middle of their start.
    if (random() > 1 / 3) await storeOpened(rig);
    await delay(exponential(random, options.meanLifeMs));
    const end = ENDS[Math.floor(random() * ENDS.length)] ?? "now";
    const killedAt = await dieAt(rig, chats, end);
    kills.push(killedAt);
    inDoubt += chatsInDoubt(rig, killedAt);
    rig.server.start();
  }
  const asked = await writing;
  const calmMs = await waitAnswered({ ledger, asked, deadlineMs: options.calmMs });
  for (const stop of unwatch) stop();
  const modelCalls = Math.max(...asked.map(({ question }) => ledger.modelCalls(question)));
  const verdict = ledger.judge();
  const unexplained = unexplainedRepeats(verdict.repeats, kills);
  return {
    ...{ ...verdict, unexplained, inDoubt, modelCalls, calmMs },
    messages: asked.length,
    kills: kills.length,
    firstSendMs: [...firstSends.values()],
  };
}

/** A platform shows what a dead server sent: its last requests are still read after the kill. */
const ON_THE_WIRE_MS = 250;

function unexplainedRepeats(repeats: readonly Repeat[], kills: readonly number[]): Repeat[] {
  const used = new Set<string>();
  return repeats.filter(({ chat, from, at }) => {
    const fits = (time: number) => from <= time + ON_THE_WIRE_MS && time <= at;
    const kill = kills.find((time) => fits(time) && !used.has(`${chat} ${time}`));
    if (kill !== undefined) used.add(`${chat} ${kill}`);
    return kill === undefined;
  });
}

async function storeOpened({ server }: Rig): Promise<void> {
  while (server.isRunning() && !server.log().some(({ msg }) => msg === "event store opened")) {
    await delay(10);
  }
}

interface AskedIn {
  readonly chat: Conversation;
  readonly question: Question;
}

interface Writing {
  readonly ledger: Ledger;
  readonly chats: readonly Conversation[];
  readonly random: () => number;
  readonly options: RandomKillsOptions;
}

/** Three answers in twenty have two parts. */
const LONG = 0.15;

async function writeAll({ ledger, chats, random, options }: Writing): Promise<AskedIn[]> {
  const asked: AskedIn[] = [];
  const meanMs = options.writingMs / options.messages;
  while (asked.length < options.messages) {
    await delay(exponential(random, meanMs));
    const chat = chats[asked.length % chats.length];
    if (!chat) throw new Error("Cannot write: there is no chat");
    asked.push({ chat, question: ledger.ask(chat, random() < LONG ? 2 : 1) });
  }
  return asked;
}

/** Resolves with when it was killed, UTC ms. */
async function dieAt(rig: Rig, chats: readonly Conversation[], end: End): Promise<number> {
  const { model, server } = rig;
  let killedAt: number | undefined;
  const kill = () => {
    killedAt ??= Date.now();
    server.kill();
    return "abandon" as const;
  };
  const stops: (() => void)[] = [];
  if (end === "now") kill();
  if (end === "model asked") model.onRequest = kill;
  if (end === "model answered") model.onAnswered = kill;
  if (end === "send arrived") stops.push(...chats.map((chat) => chat.onSend("arrived", kill)));
  if (end === "send posted") stops.push(...chats.map((chat) => chat.onSend("posted", kill)));
  const patience = setTimeout(kill, MOMENT_MS);
  await server.exited();
  clearTimeout(patience);
  model.onRequest = undefined;
  model.onAnswered = undefined;
  for (const stop of stops) stop();
  return killedAt ?? Date.now();
}

function chatsInDoubt({ telegram, server }: Rig, killedAt: number): number {
  const young = killedAt - UNSETTLED_MS;
  const sends = telegram
    .requests("sendMessage")
    .filter(({ at, status }) => at >= server.startedAt() && (status === undefined || at >= young));
  return new Set(sends.map(({ body }) => body.chat_id)).size;
}

/** By life. */
function watchFirstSends(
  { server }: Rig,
  chat: Conversation,
  firstSends: Map<number, number>,
): () => void {
  return chat.onSend("arrived", () => {
    const life = server.lives();
    if (!firstSends.has(life)) firstSends.set(life, Date.now() - server.startedAt());
  });
}

interface Calm {
  readonly ledger: Ledger;
  readonly asked: readonly AskedIn[];
  readonly deadlineMs: number;
}

/** Resolves with the time it took; also when not everything was answered: the verdict tells what is lost. */
async function waitAnswered({ ledger, asked, deadlineMs }: Calm): Promise<number> {
  const from = Date.now();
  const isOpen = ({ chat, question }: AskedIn) => {
    const shown = new Set(ledger.shown(chat).map(({ name }) => name));
    return partNames(question).some((name) => !shown.has(name));
  };
  while (Date.now() - from < deadlineMs && asked.some(isOpen)) await delay(50);
  return Date.now() - from;
}
