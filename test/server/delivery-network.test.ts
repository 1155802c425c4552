import { describe, expect, it, onTestFinished } from "vitest";
import type { Channel } from "../../src/channels/channel.ts";
import { createDiscordChannel } from "../../src/channels/discord/channel.ts";
import { discordOptionsSchema } from "../../src/channels/discord/options.ts";
import { splitTextInTurns } from "../../src/channels/split-text.ts";
import { createTelegramChannel } from "../../src/channels/telegram/channel.ts";
import { telegramOptionsSchema } from "../../src/channels/telegram/options.ts";
import { fastClock } from "../builders/fast-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { memoryMarks } from "../channels/discord/rig.ts";
import { eventually } from "../contracts/recording-receiver.ts";
import { createDiscordFake } from "../fakes/discord/server.ts";
import type { Fault } from "../fakes/fault.ts";
import { createTelegramFake } from "../fakes/telegram/server.ts";
import { type CuttingProxy, createCuttingProxy, type Order } from "../support/cutting-proxy.ts";
import { createDeliveryRig, reply } from "./delivery-rig.ts";

const LABEL = "(may be a repeat)";
const PERSON = 42;
const USER = "200000000000000001";
const MINUTE = 60_000;

const deps = { clock: fastClock, random: () => 0.5, log: createRecordingLog().log };

/** The real channels, behind a proxy, in front of their fakes. */
const PLATFORMS = {
  async telegram() {
    const fake = await createTelegramFake();
    onTestFinished(fake.close);
    fake.chat(PERSON);
    const proxy = await createCuttingProxy(fake.url);
    onTestFinished(proxy.close);
    const options = telegramOptionsSchema.parse({ token: fake.token, api_root: proxy.url });
    return {
      proxy,
      channel: createTelegramChannel("telegram", options, deps),
      chat: String(PERSON),
      sendLine: /sendMessage/,
      posts: () => fake.requests("sendMessage").length,
      texts: () => fake.replies(PERSON).map(({ text }) => text),
      failing: (fault: Fault) => fake.fault("sendMessage", fault, Number.POSITIVE_INFINITY),
      clearFaults: fake.clearFaults,
    };
  },
  async discord() {
    const fake = await createDiscordFake();
    onTestFinished(fake.close);
    const chat = fake.dm(USER);
    const proxy = await createCuttingProxy(fake.url);
    onTestFinished(proxy.close);
    const options = discordOptionsSchema.parse({ token: fake.token, api_root: proxy.url });
    const post = /^POST \S+\/messages$/;
    return {
      proxy,
      channel: createDiscordChannel("discord", options, { ...deps, marks: memoryMarks() }),
      chat,
      sendLine: /^POST \S+\/messages /,
      posts: () => fake.requests(post).length,
      texts: () => fake.replies(chat).map(({ content }) => content),
      failing: (fault: Fault) => fake.fault(post, fault, Number.POSITIVE_INFINITY),
      clearFaults: fake.clearFaults,
    };
  },
};

/** Counts the attempts of the delivery worker. */
function counting(channel: Channel) {
  const attempts = { begun: 0, ended: 0 };
  const counted: Channel = {
    ...channel,
    async send(...args) {
      attempts.begun += 1;
      try {
        return await channel.send(...args);
      } finally {
        attempts.ended += 1;
      }
    },
  };
  return { attempts, counted };
}

const inWay = (line: RegExp, proxy: CuttingProxy, orders: readonly Order[]) => {
  for (const order of orders) proxy.order(line, order);
};

/** Everything that harms the sending of one part, one after another. */
const HARM: readonly Order[] = [
  { of: "answer", bytes: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<html>...", act: "hang" },
  { of: "request", place: "in the headers", act: "reset" },
  { of: "request", place: "half of the body", act: "hang" },
  { of: "response", place: "before", act: "reset" },
  { of: "response", place: "half of the body", act: "cut" },
  { of: "answer", bytes: "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", act: "hang" },
  { of: "next" },
  { of: "response", place: "in the headers", act: "hang" },
  { of: "request", place: "end", act: "cut" },
];

/** How many of them leave the message on the platform. */
const POSTED = 4;

interface Shown {
  readonly text: string;
  readonly isLabelled: boolean;
}

/** A label that had no room before its text stands alone before it. */
function shownTexts(texts: readonly string[]): readonly Shown[] {
  return texts.flatMap((whole, index) => {
    if (whole === LABEL) return [];
    const text = whole.replace(`${LABEL}\n`, "");
    return [{ text, isLabelled: text !== whole || texts[index - 1] === LABEL }];
  });
}

/** Without what was shown just before, and says that it may have been. */
const withoutLabelled = (shown: readonly Shown[]): readonly string[] =>
  shown
    .filter(({ text, isLabelled }, index) => !isLabelled || shown[index - 1]?.text !== text)
    .map(({ text }) => text);

describe.each(["telegram", "discord"] as const)("the delivery worker over %s", (platform) => {
  // peers #21: seen red with `retries: 2` in discord.js' client, and with a second request in ours.
  it("makes exactly one request an attempt, whatever goes wrong", async () => {
    const { channel, chat, posts, failing, clearFaults, texts } = await PLATFORMS[platform]();
    const { attempts, counted } = counting(channel);
    const rig = createDeliveryRig({ through: counted });
    const { bus } = await rig.start();
    const faults: readonly Fault[] = [
      { code: 500 },
      { code: 502 },
      { code: 502, html: true },
      { drop: true },
      { code: 429, retryAfter: 2 },
      { code: 429, html: true },
      { code: 403, html: true },
    ];
    failing(faults[0] ?? {});
    await bus.publish([reply(chat, "hello")]);
    for (const [index, fault] of faults.entries()) {
      clearFaults();
      failing(fault);
      // The wait is over, and the question about the history, on Discord, is answered.
      await eventually(async () => {
        await rig.clock.advance(MINUTE);
        expect(attempts.ended).toBeGreaterThan(index);
      });
      await eventually(() => expect(attempts.begun).toBe(attempts.ended));
      // Fewer, where discord.js still waits by the machine's clock after a 429 and refuses without a request.
      expect(posts()).toBeLessThanOrEqual(attempts.ended);
    }
    expect(posts()).toBeGreaterThanOrEqual(faults.length - 2);
    clearFaults();
    await eventually(async () => {
      await rig.clock.advance(10 * MINUTE);
      expect(texts()).toHaveLength(1);
    });
    await eventually(() => expect(bus.counts().pending).toBe(0));
    expect(attempts.ended).toBeGreaterThan(faults.length);
    expect(posts()).toBeLessThanOrEqual(attempts.ended);
    expect(texts()).toEqual([platform === "telegram" ? `${LABEL}\nhello` : "hello"]);
    await bus.stop();
  });

  // Seen red on Telegram with every 2xx as "sent" and with "not sent" for a reset, on Discord without `findSent`.
  it("gets every part through a network that does harm: once, or on Telegram once more and labelled", async () => {
    const { proxy, channel, chat, sendLine, texts } = await PLATFORMS[platform]();
    const { textLength } = channel.limits;
    const lines = Array.from({ length: 3 * textLength }, (_, n) => `line ${n}`).join("\n");
    const content = lines.slice(0, Math.floor(2.5 * textLength));
    const parts = await splitTextInTurns(content, textLength);
    expect(parts).toHaveLength(3);
    const { attempts, counted } = counting(channel);
    const rig = createDeliveryRig({ through: counted });
    const { bus } = await rig.start();
    inWay(sendLine, proxy, HARM);
    const more = HARM.map((_, n) => `and number ${n}`);
    await bus.publish([content, ...more].map((text) => reply(chat, text)));
    await eventually(async () => {
      // Not while a request hangs: it would be given up.
      if (attempts.begun === attempts.ended) await rig.clock.advance(10 * MINUTE);
      expect(bus.counts().pending).toBe(0);
    }, 50_000);
    expect(proxy.waiting()).toBe(0);
    const shown = shownTexts(texts());
    if (platform === "discord") {
      expect(texts()).toEqual([...parts, ...more]);
    } else {
      expect(withoutLabelled(shown)).toEqual([...parts, ...more]);
      expect(shown.length - parts.length - more.length).toBeLessThanOrEqual(POSTED);
    }
    expect(bus.counts().failed).toBe(0);
    await bus.stop();
  });
});
