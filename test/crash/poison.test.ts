import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
  // A kill while the notice is on its way may leave only a labelled one.
  await waitShown(chat, /^(\(may be a repeat\)\n)?(echo: hang|I stopped \d+ times .*)$/, 30_000);
  await waitSettled(rig);
  chat.say("next");
  await waitShown(chat, "echo: next");
  expect(withoutRepeats(textsOf(chat))).toHaveLength(2);
});

// Protected by what is left out of the history for the model: with it, the next message kills the server too (seen).
test("a text that kills the server whenever a model is given it does so no more once it is set aside", {
  timeout: 120_000,
}, async () => {
  const rig = await testRig({ channels: ["telegram"] });
  await rig.start();
  const chat = rig.person("telegram", 1);
  chat.say("hello");
  await waitShown(chat, "echo: hello");
  rig.model.onRequest = ({ body }) => {
    if (JSON.stringify(body.messages).includes("deadly words")) rig.server.kill();
  };
  chat.say("deadly words");
  for (let life = 0; !textsOf(chat).some((text) => SET_ASIDE.test(text)) && life < 10; life += 1) {
    await rig.server.exited();
    rig.server.start();
    await eventually(() => {
      if (rig.server.isRunning())
        expect(textsOf(chat)).toContainEqual(expect.stringMatching(SET_ASIDE));
    }, 30_000);
  }
  // It is a start that reads the history from disk.
  await rig.server.stop();
  await rig.start();
  chat.say("are you there?");
  await waitShown(chat, "echo: are you there?");
  expect(withoutRepeats(textsOf(chat))).toEqual([
    "echo: hello",
    expect.stringMatching(SET_ASIDE),
    "echo: are you there?",
  ]);
  // It is in the history all the same, for whoever wants to know.
  const folder = rig.workspace.path(".history", "sessions");
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  expect(texts.join("")).toContain("deadly words");
});
