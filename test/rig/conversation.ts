import type { DiscordFake } from "../fakes/discord/server.ts";
import type { CallHook, CallMatch, CallPhase, FakeCall } from "../fakes/fault.ts";
import type { TelegramFake } from "../fakes/telegram/server.ts";

export type Platform = "telegram" | "discord";
export const PLATFORMS: readonly Platform[] = ["telegram", "discord"];

/** What a person sees of the bot in a chat. */
export interface Shown {
  readonly text: string;
  /** UTC ms. */
  readonly at: number;
  /** The platform's id of the message that it quotes. */
  readonly replyTo: string | undefined;
}

/** A person's private chat with the bot, the same on both platforms. */
export interface Conversation {
  readonly platform: Platform;
  /** "telegram/1001" */
  readonly name: string;
  /** The person's id, which is allowed in the configuration. */
  readonly user: string;
  /** Returns the message's id. */
  say(text: string): string;
  shown(): readonly Shown[];
  /** The requests that post a message into this chat, to order faults for them. */
  readonly sends: CallMatch;
  /** Runs at a phase of each request that posts a message into this chat. Returns the way to take it away. */
  onSend(phase: CallPhase, hook: CallHook): () => void;
  /** When "typing…" was shown, UTC ms. */
  typings(): readonly number[];
}

/** The n-th allowed person's id. */
export const userId = (platform: Platform, n: number): string =>
  platform === "telegram" ? String(1000 + n) : `2000000000000${String(10_000 + n)}`;

export function telegramConversation(fake: TelegramFake, n: number): Conversation {
  const user = userId("telegram", n);
  const id = Number(user);
  fake.chat(id);
  const isHere = ({ name, body }: FakeCall) =>
    /^send(Rich)?Message$/.test(name) && field(body, "chat_id") === user;
  return {
    platform: "telegram",
    name: `telegram/${user}`,
    user,
    say: (text) => String(fake.say(id, text).messageId),
    shown: () =>
      fake.replies(id).map(({ text, at, replyTo }) => ({
        text,
        at,
        replyTo: replyTo === undefined ? undefined : String(replyTo),
      })),
    sends: isHere,
    onSend: (phase, hook) => fake.onRequest(isHere, phase, hook),
    typings: () => fake.typings(id).map(({ at }) => at),
  };
}

export function discordConversation(fake: DiscordFake, n: number): Conversation {
  const user = userId("discord", n);
  const channel = fake.dm(user);
  const sends = `POST /channels/${channel}/messages`;
  return {
    platform: "discord",
    name: `discord/${user}`,
    user,
    say: (text) => fake.say(user, text).id,
    shown: () =>
      fake.replies(channel).map(({ content: text, at, replyTo }) => ({ text, at, replyTo })),
    sends,
    onSend: (phase, hook) => fake.onRequest(sends, phase, hook),
    typings: () => fake.typings(channel).map(({ at }) => at),
  };
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const value = Object.entries(body).find(([key]) => key === name)?.[1];
  return value === undefined ? undefined : String(value);
}
