import { expect, test } from "vitest";
import { type RandomKillsReport, runRandomKills } from "../rig/random-kills.ts";
import { testRig, waitSettled } from "../rig/test-rig.ts";

// biome-ignore lint/style/noProcessEnv: whoever runs the tests chooses the form, and the seed of a failure.
const { TORTURE, SEED } = process.env;
const isLong = TORTURE === "1";
const seed = Number(SEED ?? Date.now() % 1_000_000);

/** The long form is for a night; the short one belongs to every run of the tests. */
const FORM = isLong
  ? { messages: 4_000, writingMs: 1_200_000, meanLifeMs: 3_000, calmMs: 120_000 }
  : { messages: 200, writingMs: 22_000, meanLifeMs: 2_000, calmMs: 45_000 };

/** However slow the machine is. */
const MIN_KILLS = 8;

// Protected by everything together; the other files here tell which part is missing when this one fails.
test(`messages in 10 chats are answered once and in order through random SIGKILLs (SEED=${seed}${isLong ? " TORTURE=1" : ""})`, {
  timeout: FORM.writingMs + FORM.calmMs + 60_000,
}, async () => {
  // Telegram's pace of one message a second would spread 200 messages over more calm than storm.
  const config = { channels: { telegram: { rate: { chat_per_second: 0 } } } };
  const rig = await testRig({ config });
  // Time for the kills to hit: at the model, and between the arrival of a send and its posting.
  rig.telegram.fault("sendMessage", { delayMs: 30 }, Number.POSITIVE_INFINITY);
  rig.discord.fault(/^POST .*\/messages$/, { delayMs: 30 }, Number.POSITIVE_INFINITY);
  const report = await runRandomKills(rig, { seed, chats: 10, minKills: MIN_KILLS, ...FORM });
  process.stderr.write(`${summary(report)}\n`);
  await rig.waitReady();
  await waitSettled(rig);
  expect(report).toMatchObject({ lost: [], outOfOrder: [], strange: [], unexplained: [] });
  const { repeats } = report;
  expect(repeats.filter(({ labelled }) => !labelled)).toEqual([]);
  expect(repeats.filter(({ platform }) => platform === "discord")).toEqual([]);
  expect(repeats.length).toBeLessThanOrEqual(report.inDoubt);
  expect(report.messages).toBe(FORM.messages);
  expect(report.kills).toBeGreaterThanOrEqual(MIN_KILLS);
  expect((await rig.status()).events).toMatchObject({ failed: 0, quarantined: 0 });
});

function summary(report: RandomKillsReport): string {
  const sorted = [...report.firstSendMs].sort((a, b) => a - b);
  const percentile = (p: number) => sorted[Math.floor((sorted.length - 1) * p)];
  return [
    `random kills, seed ${seed}: ${report.messages} messages, ${report.kills} kills`,
    `lost ${report.lost.length}, out of order ${report.outOfOrder.length}`,
    `repeats ${report.repeats.length} of ${report.inDoubt} sends in doubt`,
    `model calls a question ≤ ${report.modelCalls}`,
    `start to first send p50 ${percentile(0.5)} ms, p95 ${percentile(0.95)} ms`,
    `calm after ${report.calmMs} ms`,
  ].join("; ");
}
