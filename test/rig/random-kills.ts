import { setTimeout as delay } from "node:timers/promises";
import type { Conversation } from "./conversation.ts";
import { type Death, ON_THE_WIRE_MS } from "./deaths.ts";
import type { Ledger, Repeat, Strange, Verdict } from "./ledger.ts";
import { createRandom, exponential } from "./random.ts";
import type { Rig } from "./rig.ts";

export interface RandomKillsOptions {
  readonly seed: number;
  /** Shared out among the platforms. */
  readonly chats: number;
  /** People write until there were so many messages and so many kills. */
  readonly messages: number;
  readonly kills: number;
  /** Mean time between two messages. */
  readonly meanGapMs: number;
  /** Mean time from a life's having read its folder to its death; for a third of them, from their spawning. */
  readonly meanLifeMs: number;
}

/** How a life ends: at a random time, or at the next moment of a kind after it. */
const ENDS = ["now", "model asked", "model answered", "send arrived", "send posted"] as const;
type End = (typeof ENDS)[number];
/** A moment that does not come by itself is not waited for longer. */
const MOMENT_MS = 400;

/** People write at random times and the server dies at random times. Then it is started for the calm. */
export async function runRandomKills(
  rig: Rig,
  ledger: Ledger,
  options: RandomKillsOptions,
): Promise<void> {
  const random = createRandom(options.seed);
  const chats = Array.from({ length: options.chats }, (_, index) => {
    const platform = rig.channels[index % rig.channels.length] ?? "telegram";
    return rig.person(platform, 1 + Math.floor(index / rig.channels.length));
  });
  let kills = 0;
  await rig.start();
  const writing = writeAll({ ledger, chats, random, options }, () => kills < options.kills);
  let isWriting = true;
  void writing.finally(() => {
    isWriting = false;
  });
  while (isWriting) {
    // A third of the lives may end in the middle of their start.
    if (random() > 1 / 3) await storeOpened(rig);
    await delay(exponential(random, options.meanLifeMs));
    await dieAt(rig, chats, ENDS[Math.floor(random() * ENDS.length)] ?? "now");
    kills += 1;
    rig.server.start();
  }
  await writing;
}

/** Repeats beyond one for each kill and chat, and those without a kill between the two showings. */
export function unexplainedRepeats(
  repeats: readonly Repeat[],
  deaths: readonly Death[],
): readonly Repeat[] {
  const used = new Set<string>();
  return repeats.filter(({ chat, from, at }) => {
    const fits = (time: number) => from <= time + ON_THE_WIRE_MS && time <= at;
    const kill = deaths.find(({ endedAt }) => fits(endedAt) && !used.has(`${chat} ${endedAt}`));
    if (kill) used.add(`${chat} ${kill.endedAt}`);
    return kill === undefined;
  });
}

/** A message at which the process dies so often in a row is set aside, and its person told. */
const DEATHS_UNTIL_PARKED = 3;
const PARKED_NOTICE = /so I set it aside\.$/;

export interface Judged {
  readonly verdict: Verdict;
  /** Questions that were set aside, as is right: each died often enough, and its person was told. */
  readonly parked: number;
}

/** Takes out of a verdict what the server was right to park. */
export function withoutParked(ledger: Ledger, deaths: readonly Death[]): Judged {
  const verdict = ledger.judge();
  const notices = new Set<Strange>();
  const answers = new Set<string>();
  for (const { chat, questions } of ledger.asked()) {
    for (const { id, askedAt } of questions) {
      if (!verdict.lost.some((part) => part.startsWith(`${id}.1/`))) continue;
      const notice = verdict.strange.find((strange) => {
        const between = deaths.filter(({ endedAt }) => endedAt >= askedAt && endedAt <= strange.at);
        const isHere = strange.chat === chat.name && !notices.has(strange);
        return isHere && PARKED_NOTICE.test(strange.text) && between.length >= DEATHS_UNTIL_PARKED;
      });
      if (!notice) continue;
      notices.add(notice);
      answers.add(id);
    }
  }
  const lost = verdict.lost.filter((part) => !answers.has(part.split(".")[0] ?? ""));
  const strange = verdict.strange.filter((text) => !notices.has(text));
  return { verdict: { ...verdict, lost, strange }, parked: notices.size };
}

/** A bot that does not log this is taken to be there when it is connected. */
async function storeOpened({ server, isMyBot }: Rig): Promise<void> {
  const isThere = () =>
    isMyBot
      ? server.log().some(({ msg }) => msg === "event store opened")
      : server.times().readyAt !== undefined;
  while (server.isRunning() && !isThere()) await delay(10);
}

interface Writing {
  readonly ledger: Ledger;
  readonly chats: readonly Conversation[];
  readonly random: () => number;
  readonly options: RandomKillsOptions;
}

/** Three answers in twenty have two parts. */
const LONG = 0.15;

async function writeAll(
  { ledger, chats, random, options }: Writing,
  goesOn: () => boolean,
): Promise<void> {
  for (let count = 0; count < options.messages || goesOn(); count += 1) {
    await delay(exponential(random, options.meanGapMs));
    const chat = chats[count % chats.length];
    if (!chat) throw new Error("Cannot write: there is no chat");
    ledger.ask(chat, { parts: random() < LONG ? 2 : 1 });
  }
}

async function dieAt(rig: Rig, chats: readonly Conversation[], end: End): Promise<void> {
  const { model, server } = rig;
  const kill = () => {
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
}
