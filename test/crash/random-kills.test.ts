import { expect, test } from "vitest";
import { PLATFORMS } from "../rig/conversation.ts";
import { testRig } from "../rig/test-rig.ts";
import { playStorm, STORM } from "../torture/storm.ts";

// biome-ignore lint/style/noProcessEnv: whoever runs the tests chooses the seed of a failure.
const { SEED } = process.env;
const seed = Number(SEED ?? Date.now() % 1_000_000);

/** Shorter lives and shorter gaps than in the torture: the same number of messages in less time. */
const SHORT = { ...STORM, meanGapMs: 110, meanLifeMs: 2_000, kills: 8 };

test(`messages in 10 chats are answered once and in order through random SIGKILLs (SEED=${seed})`, {
  timeout: 300_000,
}, async () => {
  const rig = await testRig({ channels: PLATFORMS });
  const { broken, questions, kills } = await playStorm(rig, { ...SHORT, seed });
  expect(broken).toEqual([]);
  expect(questions).toBeGreaterThanOrEqual(SHORT.messages);
  expect(kills).toBeGreaterThanOrEqual(SHORT.kills);
});
