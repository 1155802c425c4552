import { expect, test } from "vitest";
import { buildAgent } from "../builders/agent.ts";
import { type Answering, setUpAnswering } from "./answering.ts";

const chat = (n: number) => ({ address: { chat: String(100 + n) } });

/** Chat 99 talks to `helper`, all others to `pickle`. */
async function withHelper(answering: Answering) {
  answering.agents.set("helper", buildAgent({ id: "helper", name: "Helper" }));
  await answering.life().sessions.resolve("platform-telegram:99:99", "helper");
}

// weaknesses.md W-T9.
test("an agent whose model hangs leaves another one its share of the turns", async () => {
  const answering = await setUpAnswering({
    concurrency: 4,
    model: (text) => (text.startsWith("hang") ? { kind: "hang" } : undefined),
  });
  await withHelper(answering);
  for (let n = 0; n < 10; n += 1) await answering.say(`hang ${n}`, chat(n));
  await answering.until(() => answering.asked.length === 3);
  await answering.say("hello", { address: { chat: "99" } });
  await answering.until(() => answering.texts("99").length === 1);
  expect(answering.texts("99")).toEqual(["echo: hello"]);
  expect(answering.asked.filter((text) => text.startsWith("hang"))).toHaveLength(3);
});

test("turns that wait for a slot go on as soon as any agent gives one back", async () => {
  const answering = await setUpAnswering({ concurrency: 4 });
  await withHelper(answering);
  const texts = Array.from({ length: 40 }, (_, n) => `hi ${n}`);
  await Promise.all(texts.map((text, n) => answering.say(text, chat(n))));
  await answering.say("hello", { address: { chat: "99" } });
  // No time passes: nobody waits for the look that is taken now and then.
  await answering.until(() => answering.life().bus.counts().inbox === 0);
  expect(answering.shown).toHaveLength(41);
});

test("the only agent may take all turns", async () => {
  const answering = await setUpAnswering({ concurrency: 4, model: () => ({ kind: "hang" }) });
  for (let n = 0; n < 10; n += 1) await answering.say(`hang ${n}`, chat(n));
  await answering.until(() => answering.asked.length === 4);
  expect(answering.asked).toHaveLength(4);
});
