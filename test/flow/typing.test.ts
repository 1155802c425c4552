import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { PLATFORMS } from "../rig/conversation.ts";
import { createGate } from "../rig/gate.ts";
import { runningRig, waitCount, waitSettled } from "../rig/test-rig.ts";

const SLOW_MS = 9_500;
/** Platforms let the sign fade after 5 s. */
const FADES_MS = 5_000;

/** A person on each platform waits for an answer that comes when the gate opens. */
async function thinkLong() {
  const rig = await runningRig();
  const chats = PLATFORMS.map((platform) => rig.person(platform, 1));
  const gate = createGate();
  rig.model.answer(() => ({ kind: "slow", text: "at last", until: gate.opened }));
  const from = Date.now();
  for (const chat of chats) chat.say("think long");
  return { rig, chats, gate, from };
}

// peers #44.
// weaknesses.md W-I10: no sign of life while a turn took its time.
test("typing is shown at least every 5 s while a turn is running, and never after it", {
  timeout: 60_000,
}, async () => {
  const { rig, chats, gate, from } = await thinkLong();
  await delay(SLOW_MS);
  // peers #9: a long turn is seen from outside, too.
  const { events } = await rig.status();
  expect(events.inbox).toBe(chats.length);
  expect(events.oldestOwedAt).toBeLessThan(Date.now() - SLOW_MS / 2);
  gate.open();
  for (const chat of chats) await waitCount(chat, 1);
  await delay(FADES_MS);
  for (const chat of chats) {
    const [answer] = chat.shown();
    const times = [from, ...chat.typings(), answer?.at ?? 0];
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(times.length).toBeGreaterThan(4);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(FADES_MS);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  }
});

test("an answer that comes at once, and a command, show no typing", async () => {
  const rig = await runningRig({ channels: ["telegram"] });
  const chat = rig.person("telegram", 1);
  chat.say("/help");
  await waitCount(chat, 1);
  expect(chat.typings()).toEqual([]);
});

// peers #44. Red when it is not tied to the run.
test("after a kill in the middle of a turn, typing lasts until the answer and no longer", {
  timeout: 60_000,
}, async () => {
  const { rig, chats, gate } = await thinkLong();
  for (const chat of chats) await eventually(() => expect(chat.typings()).not.toEqual([]));
  rig.server.kill();
  await rig.server.exited();
  const before = chats.map((chat) => chat.typings().length);
  await rig.start();
  for (const [index, chat] of chats.entries()) {
    await eventually(() => expect(chat.typings().length).toBeGreaterThan(before[index] ?? 0));
  }
  gate.open();
  for (const chat of chats) await waitCount(chat, 1);
  await delay(FADES_MS);
  for (const chat of chats) {
    expect(chat.shown().map(({ text }) => text)).toEqual(["at last"]);
    expect(Math.max(...chat.typings())).toBeLessThanOrEqual(chat.shown()[0]?.at ?? 0);
  }
});

// peers #43: Telegram's voice messages and Discord's files have no text; nothing can be read in them so far.
test("what cannot be read is told in one clear message, and the model is not asked", async () => {
  const rig = await runningRig();
  const [telegram, discord] = PLATFORMS.map((platform) => rig.person(platform, 1));
  if (!telegram || !discord) throw new Error("Cannot happen: there are two platforms");
  rig.telegram.say(Number(telegram.user), "", { fields: { voice: { file_id: "v", duration: 2 } } });
  rig.discord.say(discord.user, "", { files: ["voice-message.ogg"] });
  expect(await waitCount(telegram, 1)).toEqual([expect.stringMatching(/only read text.*voice/)]);
  expect(await waitCount(discord, 1)).toEqual([expect.stringMatching(/only read text.*audio/)]);
  await waitSettled(rig);
  for (const chat of [telegram, discord]) {
    chat.say("in words");
    expect((await waitCount(chat, 2))[1]).toBe("echo: in words");
  }
  expect(rig.model.requests).toHaveLength(2);
});
