import { expect, test } from "vitest";
import type { ScriptedCall } from "../fakes/scripted-model.ts";
import { type Answering, setUpAnswering } from "./answering.ts";

const FAILS: ScriptedCall = { kind: "error", error: new Error("overloaded") };
const failing = (text: string) => (text.startsWith("fail") ? FAILS : undefined);
const hanging = (text: string) =>
  text.startsWith("hang") ? ({ kind: "hang" } as const) : undefined;

const stop = (answering: Answering, n = 1) =>
  answering.say(`stop-${n}`, { content: "/stop", control: true });

const settled = async (answering: Answering) => {
  await answering.until(async () => {
    await answering.pass(20);
    return answering.life().bus.counts().inbox === 0;
  });
};

const history = async (answering: Answering) => {
  const { sessions } = answering.life();
  const session = sessions.current("platform-telegram:42:42");
  const lines = session ? await sessions.read(session.id) : [];
  return lines.map(({ role, content }) => `${role}: ${content}`);
};

test("/stop ends a turn that waits for its next attempt, and goes on with what came after it", async () => {
  const answering = await setUpAnswering({ model: failing });
  await answering.say("fail");
  await answering.until(() => answering.asked.length === 1);
  await answering.say("next");
  await stop(answering);
  await answering.until(() => answering.texts().length === 2);
  expect(answering.texts().sort()).toEqual([
    "echo: next",
    "✓ Stopped. 1 more message waits for an answer.",
  ]);
  await answering.pass(3_600_000);
  expect(answering.asked).toEqual(["fail", "next"]);
  expect(await history(answering)).toEqual([
    ...["user: fail", "assistant: Stopped."],
    ...["user: next", "assistant: echo: next"],
  ]);
});

test("/stop sees one that waits for its next attempt since an earlier process", async () => {
  const answering = await setUpAnswering({ model: failing });
  await answering.say("fail");
  await answering.until(() => answering.asked.length === 1);
  await answering.restart();
  await answering.pass(10);
  await stop(answering);
  await settled(answering);
  expect(answering.texts()).toEqual(["✓ Stopped."]);
  expect(answering.asked).toEqual(["fail"]);
});

test("/stop ends a turn that waits for a slot before it began", async () => {
  const answering = await setUpAnswering({ concurrency: 1, model: hanging });
  await answering.say("hang", { address: { chat: "50" } });
  await answering.until(() => answering.asked.length === 1);
  await answering.say("hello");
  await answering.pass(10);
  await stop(answering);
  await answering.until(() => answering.texts().length === 1);
  expect(answering.texts()).toEqual(["✓ Stopped."]);
  expect(await history(answering)).toEqual(["user: hello", "assistant: Stopped."]);
  expect(answering.asked).toEqual(["hang"]);
});

test("/stop ends a turn that runs, and says so when that is settled", async () => {
  const answering = await setUpAnswering({ model: hanging });
  await answering.say("hang");
  await answering.until(() => answering.asked.length === 1);
  await stop(answering);
  await settled(answering);
  expect(answering.texts()).toEqual(["✓ Stopped."]);
  expect(await history(answering)).toEqual(["user: hang", "assistant: Stopped."]);
});

test("/stop stops nothing that came after it, and says so if there is nothing", async () => {
  const answering = await setUpAnswering({ model: hanging });
  const { bus, message } = answering.life();
  await bus.publish([
    message("stop-1", { content: "/stop", control: true }),
    message("hang", { sentAt: answering.clock.now() }),
  ]);
  await answering.until(() => answering.texts().length === 1);
  await answering.until(() => answering.asked.length === 1);
  expect(answering.texts()).toEqual(["Nothing is running."]);
  expect(await history(answering)).toEqual(["user: hang"]);
});

test.each([
  ["waits for its next attempt", failing],
  ["runs", hanging],
])(
  "a kill at any operation leaves the /stop of a turn that %s whole: it is stopped, once, and no other one",
  {
    timeout: 60_000,
  },
  async (_, model) => {
    for (let operations = 0; operations < 30; operations += 1) await stopAndDie(model, operations);
  },
);

/** Its first attempt has failed or hangs; two more messages wait; the process dies during the `/stop`. */
async function stopAndDie(model: typeof failing | typeof hanging, operations: number) {
  const word = model === failing ? "fail" : "hang";
  const answering = await setUpAnswering({ model });
  await answering.say(word);
  await answering.until(() => answering.asked.length === 1);
  await answering.say("second");
  answering.life().killAfter(operations);
  void stop(answering);
  await answering.pass(30);
  await answering.restart();
  await answering.pass(30);
  if (!answering.life().bus.knows("stop-1")) await stop(answering);
  await answering.say("third");
  await settled(answering);
  await answering.pass(100);
  const texts = answering.texts();
  expect(texts.filter((text) => text.startsWith("echo"))).toEqual(["echo: second", "echo: third"]);
  expect(texts.filter((text) => text.startsWith("✓ Stopped."))).toHaveLength(1);
  expect(texts).toHaveLength(3);
  expect((await history(answering)).filter((line) => line.startsWith("user"))).toEqual([
    ...[`user: ${word}`, "user: second", "user: third"],
  ]);
  await answering.life().kill();
}
