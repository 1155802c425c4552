import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { PLATFORMS } from "../rig/conversation.ts";
import { createGate } from "../rig/gate.ts";
import { runningRig, waitCount } from "../rig/test-rig.ts";

const SLOW_MS = 9_500;
/** Platforms let the sign fade after 5 s. */
const FADES_MS = 5_000;

// weaknesses.md W-I10: no sign of life while a turn took its time.
test("typing is shown at least every 5 s while a turn is running, and never after it", {
  timeout: 60_000,
}, async () => {
  const rig = await runningRig();
  const chats = PLATFORMS.map((platform) => rig.person(platform, 1));
  const gate = createGate();
  rig.model.answer(() => ({ kind: "slow", text: "at last", until: gate.opened }));
  const from = Date.now();
  for (const chat of chats) chat.say("think long");
  await delay(SLOW_MS);
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
