import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Channel } from "../../src/channels/channel.ts";
import { DeliveryError } from "../../src/channels/delivery-error.ts";
import { splitTextInTurns } from "../../src/channels/split-text.ts";
import { ADA, createRig } from "./discord/rig.ts";
import { HOSTILE } from "./hostile-text.ts";
import { ADA as ADA_ON_TELEGRAM, createTelegramRig } from "./telegram/telegram-rig.ts";

interface Stage {
  readonly channel: Channel;
  readonly chat: string;
  /** Texts that the chat shows. */
  shown(): readonly string[];
}

const telegram = async (knowsRich: boolean): Promise<Stage> => {
  const { fake, channel } = await createTelegramRig();
  onTestFinished(() => fake.close());
  fake.setRichMessages(knowsRich);
  const chat = ADA_ON_TELEGRAM.id;
  return { channel, chat: String(chat), shown: () => fake.replies(chat).map(({ text }) => text) };
};

const discord = async (): Promise<Stage> => {
  const { fake, channel } = await createRig();
  onTestFinished(() => fake.close());
  const chat = fake.dm(ADA);
  return {
    channel: channel(),
    chat,
    shown: () => fake.replies(chat).map(({ content }) => content),
  };
};

const STAGES = [
  ["telegram", () => telegram(false)],
  ["telegram with rich messages", () => telegram(true)],
  ["discord", discord],
] as const;

/** Letters and digits, which no formatting takes away: links may lose their targets, and nothing else its words. */
const words = (text: string) => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** As the delivery worker does: prepared, split, each part sent by itself. Resolves with what is shown then. */
async function deliver({ channel, chat, shown }: Stage, text: string, key: string) {
  const prepared = (await channel.prepare?.(text)) ?? text;
  const parts = await splitTextInTurns(prepared, channel.limits.textLength);
  const before = shown().length;
  for (const [part, content] of parts.entries()) {
    const context = { idempotencyKey: `${key}#${part}`, firstTriedAt: 0, signal: never };
    await inTime(() => channel.send({ text: content }, { chat }, context));
  }
  return { parts, shown: shown().slice(before) };
}
/** discord.js itself sends no more than 50 requests a second. */
async function inTime(send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    const failure = error instanceof DeliveryError ? error.failure : undefined;
    if (failure?.kind !== "rate-limited") throw error;
    await delay(failure.retryAfterMs);
    await inTime(send);
  }
}

const never = new AbortController().signal;

// peers #39: no stray sign of a text may cost the text, in the middle of a part or at its border.
describe.each(STAGES)("hostile text on %s", (_, open) => {
  it("is shown whole, each one", { timeout: 60_000 }, async () => {
    const stage = await open();
    for (const [index, text] of HOSTILE.entries()) {
      const { parts, shown } = await deliver(stage, text, `whole ${index}`);
      expect(shown, text).toHaveLength(parts.length);
      expect(parts.length, text).toBe(text.trim() === "" ? 0 : 1);
    }
  });

  it("is shown whole across the border of two parts, with the words on both sides", {
    timeout: 60_000,
  }, async () => {
    const stage = await open();
    const { textLength } = stage.channel.limits;
    for (const [index, text] of HOSTILE.entries()) {
      // Of words that are not like any in the texts, so that the cut comes in the middle of the hostile one.
      const room = textLength - Math.floor(text.length / 2);
      const before = "zyx ".repeat(Math.floor(room / 4));
      const { parts, shown } = await deliver(stage, `${before}${text} zyxend`, `cut ${index}`);
      expect(parts.length, text).toBeGreaterThan(0);
      expect(shown, text).toHaveLength(parts.length);
      const all = words(shown.join(" "));
      expect(all.filter((word) => word === "zyx").length, text).toBe(Math.floor(room / 4));
      expect(all.at(-1), text).toBe("zyxend");
    }
  });
});
