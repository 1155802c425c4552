import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { ModelBehaviour } from "../fakes/model.ts";
import { runningRig, sharedRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

const IMPATIENT = { model_timeout: "1500ms", model_idle_timeout: "700ms" };
// As for giving up, these are as patient as the product: a slow machine must not make them give up.
const rigOf = sharedRig({ channels: ["telegram"], config: { turns: IMPATIENT } });
let person = 0;

function setup() {
  const rig = rigOf();
  person += 1;
  const chat = rig.person("telegram", person);
  const before = rig.model.requests.length;
  return { rig, chat, calls: () => rig.model.requests.slice(before) };
}

// peers #55.
// weaknesses.md W-T1, W-T2: tried three times at once, with another text.
describe("a model that fails for a moment is asked the same again:", () => {
  const failures: readonly (readonly [string, ModelBehaviour])[] = [
    ["500", { kind: "error", status: 500 }],
    ["429", { kind: "error", status: 429 }],
    ["silence from the start", { kind: "stall", text: "never heard", events: 0 }],
    ["silence in the middle", { kind: "stall", text: "never heard to the end", events: 2 }],
    ["a cut in the middle", { kind: "die", text: "never heard to the end", events: 2 }],
    ["an end before the end", { kind: "end-early", text: "never heard to the end", events: 2 }],
    ["a page of a proxy", { kind: "raw", status: 502, body: "<html>Bad gateway</html>" }],
  ];
  test.each(failures)("%s", { timeout: 30_000 }, async (_, failure) => {
    const { rig, chat, calls } = setup();
    rig.model.next(failure);
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    await waitSettled(rig);
    expect(textsOf(chat)).toEqual(["echo: hello"]);
    expect(calls()).toHaveLength(2);
    // The system prompt tells the time; everything after it is the same.
    const [first, second] = calls().map(({ body }) => body.messages.slice(1));
    expect(second).toEqual(first);
  });
});

// peers #55: an error is a reply, in words, and the detail is in the log.
describe("a model that fails for good", () => {
  const failures: readonly (readonly [string, ModelBehaviour, RegExp])[] = [
    ["401", { kind: "error", status: 401 }, /does not accept this bot's key/],
    ["404", { kind: "error", status: 404 }, /model was not found/],
    ["an empty answer", { kind: "text", text: "" }, /gave no answer/],
  ];
  // weaknesses.md W-T16, 3.6 #19.
  test.each(failures)("(%s) is told to the person at once, in words", async (_, failure, words) => {
    const { rig, chat, calls } = setup();
    rig.model.next(failure);
    chat.say("hello");
    await waitShown(chat, words, 5_000);
    expect(calls()).toHaveLength(1);
    chat.say("and now?");
    await waitShown(chat, "echo: and now?");
    await waitSettled(rig);
    expect(textsOf(chat)).toHaveLength(2);
    expect((await rig.status()).events.failed).toBe(0);
  });

  test("(500 for ever) is told to the person in words, and is a dead letter that the owner is told of", {
    timeout: 40_000,
  }, async () => {
    const rig = await runningRig({
      channels: ["telegram"],
      config: { owner: "telegram/1040", turns: { ...IMPATIENT, give_up_after: "2500ms" } },
    });
    const chat = rig.person("telegram", 1);
    const owner = rig.person("telegram", 40);
    rig.model.answer(({ text }) => (text === "hello" ? { kind: "error", status: 500 } : undefined));
    chat.say("hello");
    chat.say("next one");
    await waitShown(chat, /cannot be reached at the moment/, 30_000);
    // The message after it was waiting, and is answered.
    await waitShown(chat, "echo: next one");
    rig.model.answer(() => undefined);
    const tries = rig.model.requests.filter(({ text }) => text === "hello").length;
    expect(tries).toBeGreaterThan(1);
    expect(textsOf(chat)).toHaveLength(2);
    await waitShown(owner, /could not be answered/);
    expect(textsOf(owner)).toHaveLength(1);
    const status = await rig.command(["status", "--json"]);
    expect(status.code).not.toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ events: { failed: 1 } });
  });
});

test("a model that calls a tool gets the clock's answer, and its own answer is sent", async () => {
  const { rig, chat, calls } = setup();
  rig.model.next(
    { kind: "tool-call", name: "current_time", input: { time_zone: "UTC" } },
    { kind: "text", text: "It is late." },
  );
  chat.say("what time is it?");
  await waitShown(chat, "It is late.");
  expect(calls()).toHaveLength(2);
  const result = calls()[1]?.body.messages.at(-1);
  expect(result).toMatchObject({ role: "tool" });
  expect(JSON.stringify(result?.content)).toContain(new Date().toISOString().slice(0, 10));
});

test("while a model fails, other conversations are answered", async () => {
  const { rig, chat } = setup();
  const other = rig.person("telegram", 39);
  rig.model.answer(({ text }) => (text === "fail" ? { kind: "error", status: 500 } : undefined));
  chat.say("fail");
  await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("fail"));
  other.say("hello");
  await waitShown(other, "echo: hello");
  rig.model.answer(() => undefined);
  await waitShown(chat, "echo: fail");
});
