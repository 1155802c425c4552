import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { PLATFORMS } from "../rig/conversation.ts";
import { createGate } from "../rig/gate.ts";
import { sharedRig, textsOf, waitCount, waitSettled, waitShown } from "../rig/test-rig.ts";

describe.each(PLATFORMS)("on %s", (platform) => {
  const rigOf = sharedRig({ channels: [platform] });

  // peers #23.
  test("five quick messages are answered in order, each once", async () => {
    const rig = rigOf();
    const chat = rig.person(platform, 1);
    const texts = ["one", "two", "three", "four", "five"];
    for (const text of texts) chat.say(text);
    expect(await waitCount(chat, 5)).toEqual(texts.map((text) => `echo: ${text}`));
    await waitSettled(rig);
    expect(textsOf(chat)).toHaveLength(5);
  });

  // peers #33: what comes while the chat is busy is answered after it.
  // weaknesses.md W-T8, W-T9, 3.6 #5: replies were swapped, or one slow person held up all.
  test("a chat with a slow turn delays no other one, and keeps its own order", async () => {
    const rig = rigOf();
    const [slow, fast] = [rig.person(platform, 2), rig.person(platform, 3)];
    const gate = createGate();
    rig.model.next({ kind: "slow", text: "at last", until: gate.opened });
    slow.say("think");
    await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("think"));
    slow.say("and then?");
    fast.say("quick");
    await waitShown(fast, "echo: quick");
    expect(textsOf(slow)).toEqual([]);
    gate.open();
    expect(await waitCount(slow, 2)).toEqual(["at last", "echo: and then?"]);
    // The second turn saw the first one whole.
    const roles = rig.model.requests.at(-1)?.body.messages.map(({ role }) => role);
    expect(roles).toEqual(["system", "user", "assistant", "user"]);
  });

  test("a chat whose sending is slow delays no other one", async () => {
    const rig = rigOf();
    const [slow, fast] = [rig.person(platform, 4), rig.person(platform, 5)];
    const send = platform === "telegram" ? "sendMessage" : /^POST .*\/messages$/;
    rig[platform].fault(send, { delayMs: 1_500 });
    slow.say("one");
    await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("one"));
    slow.say("two");
    await new Promise<void>((resolve) => slow.onSend("arrived", () => resolve()));
    fast.say("quick");
    await waitShown(fast, "echo: quick");
    expect(textsOf(slow)).toEqual([]);
    expect(await waitCount(slow, 2)).toEqual(["echo: one", "echo: two"]);
  });
});

describe("on Telegram", () => {
  const rigOf = sharedRig({ channels: ["telegram"] });

  // weaknesses.md W-I2, 3.6 #6: the turn and its tools ran twice.
  test("an update that comes again makes no second turn", async () => {
    const { telegram, model, ...rig } = rigOf();
    const chat = rig.person("telegram", 1);
    const said = telegram.say(Number(chat.user), "once");
    await waitShown(chat, "echo: once");
    const message = telegram.messages(Number(chat.user)).find((one) => one.by === "person")?.body;
    // The same message under a new update id, as after a lost confirmation.
    telegram.push("message", message);
    telegram.push("message", message);
    chat.say("next");
    await waitShown(chat, "echo: next");
    expect(textsOf(chat)).toEqual(["echo: once", "echo: next"]);
    expect(model.requests.filter(({ text }) => text === "once")).toHaveLength(1);
    expect(said.chatId).toBe(Number(chat.user));
  });

  // Protected twice: by the key of the message, and by those of its answers. Seen red without both.
  test("thousands of updates that come again, also to the next process, make no second turn", async () => {
    const { telegram, model, ...rig } = rigOf();
    const chats = Array.from({ length: 20 }, (_, n) => rig.person("telegram", 10 + n));
    for (const chat of chats) for (const text of ["one", "two"]) chat.say(text);
    for (const chat of chats) await waitCount(chat, 2);
    const before = model.requests.length;
    const said = chats
      .flatMap(({ user }) => telegram.messages(Number(user)))
      .flatMap(({ by, body }) => (by === "person" ? [body] : []));
    expect(said).toHaveLength(40);
    const comeAgain = async (times: number) => {
      for (let n = 0; n < times; n += 1) for (const body of said) telegram.push("message", body);
      await eventually(() => expect(telegram.unconfirmed()).toBe(0), 20_000);
    };
    await comeAgain(75);
    rig.server.kill();
    await rig.server.exited();
    await rig.start();
    await comeAgain(25);
    for (const chat of chats) expect(textsOf(chat)).toEqual(["echo: one", "echo: two"]);
    expect(model.requests).toHaveLength(before);
  }, 90_000);

  // peers #29.
  test("update ids that start anew, lower, lose nothing", async () => {
    const { telegram, ...rig } = rigOf();
    const chat = rig.person("telegram", 2);
    telegram.setNextUpdateId(9_000);
    chat.say("high");
    await waitShown(chat, "echo: high");
    telegram.setNextUpdateId(50);
    chat.say("low");
    await waitShown(chat, "echo: low");
    await eventually(() => expect(telegram.unconfirmed()).toBe(0));
  });

  test("an edited message is answered again, for what it says now", async () => {
    const rig = rigOf();
    const { telegram } = rig;
    const chat = rig.person("telegram", 3);
    const said = telegram.say(Number(chat.user), "tpyo");
    await waitShown(chat, "echo: tpyo");
    telegram.edit(Number(chat.user), said, "typo");
    await waitShown(chat, "echo: typo");
    await waitSettled(rig);
    expect(textsOf(chat)).toEqual(["echo: tpyo", "echo: typo"]);
  });
});
