import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { Rig } from "../rig/rig.ts";
import {
  testRig,
  textsOf,
  waitCount,
  waitSettled,
  waitShown,
  withoutRepeats,
} from "../rig/test-rig.ts";

const OLD_S = 2 * 3_600;
const NOTE = "(60 earlier messages came while I was away; I have read them and answer the last.)";

/** A server that is down, and what was written meanwhile: 62 messages of one person, 60 of them old, and one of another. */
async function backlog() {
  const rig = await testRig({ channels: ["telegram"] });
  const [talker, other] = [rig.person("telegram", 1), rig.person("telegram", 2)];
  const date = Math.floor(Date.now() / 1000) - OLD_S;
  for (let n = 1; n <= 60; n += 1) {
    rig.telegram.say(Number(talker.user), `m${n}`, { fields: { date } });
  }
  talker.say("m61");
  talker.say("m62");
  other.say("hello");
  return { rig, talker, other };
}

/** What one person wrote, as the history has it. */
function linesOf(rig: Rig, user: string): readonly string[] {
  const folder = rig.workspace.path(".history", "sessions");
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).map((name) =>
    readFileSync(rig.workspace.path(".history", "sessions", name), "utf8"),
  );
  const own = files.find((text) => text.includes(`telegram:${user}:`)) ?? "";
  return [...own.matchAll(/"role":"user","content":"(\w+)"/g)].map(([, content = ""]) => content);
}

const all = Array.from({ length: 62 }, (_, index) => `m${index + 1}`);

// peers #37.
test("old messages of one chat make one turn, which says so, and keep nobody else waiting", {
  timeout: 60_000,
}, async () => {
  const { rig, talker, other } = await backlog();
  let most = 0;
  rig.model.onRequest = () => {
    const open = rig.model.requests.filter(
      ({ state, text }) => state === "open" && text.startsWith("m"),
    );
    most = Math.max(most, open.length);
  };
  await rig.start();
  await waitShown(other, "echo: hello");
  expect(await waitCount(talker, 2)).toEqual([`${NOTE}\n\necho: m61`, "echo: m62"]);
  await waitSettled(rig);
  expect(most).toBe(1);
  expect(rig.model.requests).toHaveLength(3);
  expect(linesOf(rig, talker.user)).toEqual(all);
  expect(textsOf(talker)).toHaveLength(2);
});

// Protected by the event's key in the history: without it, one line comes twice (seen).
test("a kill in the middle loses no old message, repeats none, and leaves the count right", {
  timeout: 90_000,
}, async () => {
  const { rig, talker, other } = await backlog();
  for (const folded of [5, 25]) {
    rig.server.start();
    await eventually(
      () => expect(linesOf(rig, talker.user).length).toBeGreaterThanOrEqual(folded),
      30_000,
    );
    rig.server.kill();
    await rig.server.exited();
  }
  await rig.start();
  await waitShown(other, /echo: hello$/);
  await waitShown(talker, /echo: m62$/, 30_000);
  await waitSettled(rig);
  expect(linesOf(rig, talker.user)).toEqual(all);
  expect(withoutRepeats(textsOf(talker))).toEqual([`${NOTE}\n\necho: m61`, "echo: m62"]);
});
