import { setTimeout as delay } from "node:timers/promises";
import { createDiscordFake } from "../../test/fakes/discord/server.ts";
import type { FakeCall } from "../../test/fakes/fault.ts";
import { createTelegramFake, type TelegramFake } from "../../test/fakes/telegram/server.ts";
import { answerParent } from "../processes.ts";
import { quantile } from "../statistics.ts";
import { startFastModel } from "./fast-model.ts";

/** Platforms, model and people, in a process of their own. Each bot has a token, so they do not meet. */
export type FakesAsk =
  | { readonly do: "where" }
  | { readonly do: "add-bot"; readonly token: string }
  /** Resolves when this bot polls, with the time of its first poll, UTC ms. */
  | { readonly do: "first-poll"; readonly token: string }
  | Talk
  /** Chats that the bot may write to without having been spoken to. */
  | {
      readonly do: "open-chats";
      readonly token: string;
      readonly first: number;
      readonly count: number;
    }
  /** Counts what the bot sends from now on. */
  | { readonly do: "watch"; readonly token: string }
  | { readonly do: "watched"; readonly token: string };

/** People write, and wait for all answers. */
export interface Talk {
  readonly do: "talk";
  readonly token: string;
  /** The first chat's number, and how many there are; messages go to them in turn. */
  readonly firstChat: number;
  readonly chats: number;
  readonly messages: number;
  /** Answers that fill three platform messages. */
  readonly long?: boolean;
  /** Messages a second; without it, all are written at once. */
  readonly perSecond?: number;
  /** A bot that has not answered everything after so long has lost something, or is stuck. */
  readonly patienceMs?: number;
}

export interface Talked {
  readonly seconds: number;
  /** From saying it to the answer's last part. */
  readonly p50: number;
  readonly p99: number;
}

export interface FakesAnswer {
  readonly telegram?: string;
  readonly discord?: { readonly url: string; readonly token: string };
  readonly apiBase?: string;
  readonly at?: number;
  readonly talked?: Talked;
  readonly watched?: Watched;
}

export interface Watched {
  readonly sent: number;
  readonly firstAt: number | undefined;
  readonly lastAt: number | undefined;
}

interface Fakes {
  readonly telegram: TelegramFake;
  /** When each message was answered whole, by its id. */
  readonly waiting: Map<string, () => void>;
  readonly watches: Map<string, { sent: number; firstAt?: number; lastAt?: number }>;
}

let said = 0;
const PATIENCE_MS = 120_000;

async function talk({ telegram, waiting }: Fakes, asked: Talk): Promise<Talked> {
  const { token, firstChat, chats, messages, perSecond } = asked;
  const waits: number[] = [];
  const startedAt = performance.now();
  const answers: Promise<void>[] = [];
  for (let n = 0; n < messages; n += 1) {
    if (perSecond) {
      const dueIn = startedAt + (n * 1000) / perSecond - performance.now();
      if (dueIn > 0) await delay(dueIn);
    }
    said += 1;
    const id = `m${said}`;
    const saidAt = performance.now();
    const answered = new Promise<void>((resolve) => waiting.set(id, resolve));
    answers.push(answered.then(() => void waits.push(performance.now() - saidAt)));
    const text = `How will the weather be tomorrow? ${id}${asked.long ? " long" : ""}`;
    telegram.say(firstChat + (n % chats), text, { token });
  }
  const timeout = new AbortController();
  const late = delay(asked.patienceMs ?? PATIENCE_MS, undefined, { signal: timeout.signal }).then(
    () => {
      throw new Error(`${messages - waits.length} of ${messages} messages were not answered`);
    },
  );
  late.catch(() => undefined);
  await Promise.race([Promise.all(answers), late]);
  timeout.abort();
  return {
    seconds: (performance.now() - startedAt) / 1000,
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
  };
}

function hearAnswers({ telegram, waiting }: Fakes): void {
  telegram.onRequest("sendMessage", "posted", ({ body }: FakeCall) => {
    const text =
      typeof body === "object" && body !== null && "text" in body ? String(body.text) : "";
    const id = /end (m\d+)$/.exec(text.trimEnd())?.[1];
    if (id === undefined) return;
    waiting.get(id)?.();
    waiting.delete(id);
  });
}

function firstPoll({ telegram }: Fakes, token: string): Promise<number> {
  const found = telegram.requests("getUpdates").find((request) => request.token === token);
  if (found) return Promise.resolve(found.at);
  return new Promise((resolve) => {
    const stop = telegram.onRequest("getUpdates", "arrived", () => {
      const request = telegram.requests("getUpdates").at(-1);
      if (request?.token !== token) return;
      stop();
      resolve(request.at);
    });
  });
}

function watch({ telegram, watches }: Fakes, token: string): void {
  const seen: { sent: number; firstAt?: number; lastAt?: number } = { sent: 0 };
  watches.set(token, seen);
  telegram.onRequest("sendMessage", "posted", () => {
    if (watches.get(token) !== seen) return;
    seen.sent += 1;
    seen.lastAt = Date.now();
    seen.firstAt ??= seen.lastAt;
  });
}

function openChats(
  { telegram }: Fakes,
  { token, first, count }: Extract<FakesAsk, { do: "open-chats" }>,
): void {
  for (let n = 0; n < count; n += 1) telegram.chat(first + n, { token });
}

await answerParent(async () => {
  const [telegram, discord, model] = await Promise.all([
    createTelegramFake(),
    createDiscordFake(),
    startFastModel(),
  ]);
  const fakes: Fakes = { telegram, waiting: new Map(), watches: new Map() };
  hearAnswers(fakes);
  return async (asked: FakesAsk): Promise<FakesAnswer> => {
    switch (asked.do) {
      case "where":
        return {
          telegram: telegram.url,
          discord: { url: discord.url, token: discord.token },
          apiBase: model.apiBase,
        };
      case "add-bot":
        telegram.addBot({ token: asked.token });
        return {};
      case "first-poll":
        return { at: await firstPoll(fakes, asked.token) };
      case "talk":
        return { talked: await talk(fakes, asked) };
      case "open-chats":
        openChats(fakes, asked);
        return {};
      case "watch":
        watch(fakes, asked.token);
        return {};
      default: {
        const { sent = 0, firstAt, lastAt } = fakes.watches.get(asked.token) ?? {};
        return { watched: { sent, firstAt, lastAt } };
      }
    }
  };
});
