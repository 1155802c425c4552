import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { createRandom } from "../rig/random.ts";
import {
  testRig,
  textsOf,
  waitCount,
  waitSettled,
  waitShown,
  withoutRepeats,
} from "../rig/test-rig.ts";

const SET_ASIDE = /^I stopped \d+ times while working on this message, so I set it aside\.$/;

// peers #31.
// Protected by the note that says that a turn runs: without it, the process dies of the message for ever (seen).
test("a message that kills the server is set aside after three deaths, and everybody else is answered once", {
  timeout: 120_000,
}, async () => {
  const rig = await testRig({ channels: ["telegram"], config: { owner: "telegram/1040" } });
  await rig.start();
  const poisoner = rig.person("telegram", 1);
  const owner = rig.person("telegram", 40);
  const others = [2, 3, 4, 5, 6].map((n) => rig.person("telegram", n));
  rig.model.onRequest = ({ text }) => {
    if (text === "poison") rig.server.kill();
  };
  poisoner.say("poison");
  let asked = 0;
  for (let life = 0; textsOf(poisoner).length === 0 && life < 10; life += 1) {
    // Others write meanwhile.
    for (const chat of others) chat.say(`hello ${asked}`);
    asked += 1;
    await eventually(() => {
      if (rig.server.isRunning()) expect(textsOf(poisoner)).not.toEqual([]);
    }, 30_000);
    if (!rig.server.isRunning()) rig.server.start();
  }
  for (const chat of others) await waitCount(chat, asked, 30_000);
  await waitShown(owner, /could not be answered.*died 3 times/);
  await waitSettled(rig);
  expect(textsOf(poisoner)).toEqual([expect.stringMatching(SET_ASIDE)]);
  for (const chat of others) {
    const answers = Array.from({ length: asked }, (_, n) => `echo: hello ${n}`);
    expect(withoutRepeats(textsOf(chat))).toEqual(answers);
  }
  expect(rig.model.requests.filter(({ text }) => text === "poison")).toHaveLength(3);
  poisoner.say("are you there?");
  await waitShown(poisoner, "echo: are you there?");
});

// peers #25.
// Protected by the key of the answer, and by the note above: without it there is no end to it.
test("twenty kills in a row while a turn hangs end in one answer or one notice", {
  timeout: 180_000,
}, async () => {
  const rig = await testRig({ channels: ["telegram"] });
  const random = createRandom(25);
  await rig.start();
  const chat = rig.person("telegram", 1);
  rig.model.answer(() => ({ kind: "stall", text: "never heard", events: 0 }));
  chat.say("hang");
  for (let kill = 0; kill < 20; kill += 1) {
    if (!rig.server.isRunning()) rig.server.start();
    await delay(random() * 900);
    rig.server.kill();
    await rig.server.exited();
  }
  rig.model.answer(() => undefined);
  rig.server.start();
  await waitShown(chat, /^(echo: hang|I stopped \d+ times .*)$/, 30_000);
  await waitSettled(rig);
  chat.say("next");
  await waitShown(chat, "echo: next");
  expect(withoutRepeats(textsOf(chat))).toHaveLength(2);
});
