import { expect, test } from "vitest";
import { buildAgent, buildTool } from "../builders/agent.ts";
import { says, wants } from "../fakes/scripted-model.ts";
import { type Answering, setUpAnswering } from "./answering.ts";

const PARKED = "I stopped 3 times while working on this message, so I set it aside.";

/** Starts the process again each time that it has died, until it lives on; resolves with how often it died. */
async function liveOn(answering: Answering, quiet: () => boolean): Promise<number> {
  for (let deaths = 0; deaths < 30; deaths += 1) {
    await answering.until(() => !answering.life().isAlive() || quiet());
    if (answering.life().isAlive()) return deaths;
    await answering.restart();
  }
  throw new Error("It dies for ever");
}

// peers #31.
test("a message that kills the process three times is set aside, its sender and the owner are told once", async () => {
  const answering = await setUpAnswering({
    model: (text) => (text === "poison" ? "die" : undefined),
  });
  await answering.say("poison");
  expect(await liveOn(answering, () => answering.texts().length > 0)).toBe(3);
  expect(answering.texts()).toEqual([PARKED]);
  expect(answering.texts("1")).toEqual([
    expect.stringMatching(/could not be answered .*the process died 3 times in a row/),
  ]);
  expect(answering.asked).toEqual(["poison", "poison", "poison"]);
  expect(answering.life().bus.counts()).toMatchObject({ inbox: 0, failed: 1 });
  await answering.say("and now?");
  await answering.until(() => answering.texts().length === 2);
  expect(answering.texts()[1]).toBe("echo: and now?");
});

test("a message that was set aside starts with a clean slate when an operator has it tried again", async () => {
  let deadly = true;
  const answering = await setUpAnswering({
    model: (text) => (text === "poison" && deadly ? "die" : undefined),
  });
  await answering.say("poison");
  await liveOn(answering, () => answering.texts().length > 0);
  deadly = false;
  const { bus } = answering.life();
  await bus.retry(bus.store.failed()[0] ?? "");
  await answering.until(() => answering.texts().length === 2);
  expect(answering.texts()[1]).toBe("echo: poison");
  expect(bus.counts()).toMatchObject({ inbox: 0, failed: 0 });
});

test("those that only ran beside it are answered, each once", async () => {
  const answering = await setUpAnswering({
    model: (text) => (text === "poison" ? "die" : undefined),
  });
  const chats = ["50", "51", "52", "53"];
  for (const chat of chats.slice(0, 2)) await answering.say(`hi-${chat}`, { address: { chat } });
  const slow = chats.map((chat) => `hi-${chat}`);
  await answering.say("poison");
  for (const chat of chats.slice(2)) await answering.say(`hi-${chat}`, { address: { chat } });
  await liveOn(
    answering,
    () => answering.texts().length > 0 && chats.every((chat) => answering.texts(chat).length > 0),
  );
  expect(answering.texts()).toEqual([PARKED]);
  expect(chats.map((chat) => answering.texts(chat))).toEqual(slow.map((text) => [`echo: ${text}`]));
});

test("a turn that completes a step between two deaths is not to blame", async () => {
  const tool = buildTool({ name: "look" });
  let calls = 0;
  // Dies after each step, six times, and is then done.
  const answering = await setUpAnswering({
    model: () => {
      calls += 1;
      if (calls > 12) return says("done");
      return calls % 2 === 1 ? wants({ id: `c${calls}`, name: "look" }) : "die";
    },
  });
  answering.agents.set("pickle", buildAgent({ tools: [tool] }));
  await answering.say("work");
  expect(await liveOn(answering, () => answering.texts().length > 0)).toBe(6);
  expect(answering.texts()).toEqual(["done"]);
});

test("a server that is killed while other turns run goes on trying", async () => {
  let hangs = true;
  const answering = await setUpAnswering({
    model: () => (hangs ? { kind: "hang" } : undefined),
  });
  await answering.say("one", { address: { chat: "50" } });
  await answering.say("two", { address: { chat: "51" } });
  for (let kill = 1; kill <= 6; kill += 1) {
    const before = answering.asked.length;
    await answering.until(() => answering.asked.length > before || kill > 2);
    // Suspects wait for each other and for quiet; after that they run side by side.
    await answering.pass(31_000);
    await answering.until(() => answering.asked.length >= before + 2);
    await answering.restart();
  }
  hangs = false;
  await answering.pass(31_000);
  await answering.until(() => answering.life().bus.counts().inbox === 0);
  expect([answering.texts("50"), answering.texts("51")]).toEqual([["echo: one"], ["echo: two"]]);
});

test("a clean stop, with the grace time used up, is no death", async () => {
  let hangs = true;
  const answering = await setUpAnswering({ model: () => (hangs ? { kind: "hang" } : undefined) });
  await answering.say("wait for it");
  for (let stop = 1; stop <= 6; stop += 1) {
    await answering.until(() => answering.asked.length === stop);
    await answering.stopAndRestart();
  }
  hangs = false;
  await answering.until(() => answering.texts().length > 0);
  expect(answering.texts()).toEqual(["echo: wait for it"]);
});

test("SIGKILL in the grace time of a stop is no death", async () => {
  let hangs = true;
  const answering = await setUpAnswering({ model: () => (hangs ? { kind: "hang" } : undefined) });
  await answering.say("wait for it");
  for (let kill = 1; kill <= 6; kill += 1) {
    await answering.until(() => answering.asked.length === kill);
    answering.life().stopping();
    await answering.pass();
    await answering.restart();
  }
  hangs = false;
  await answering.until(() => answering.texts().length > 0);
  expect(answering.texts()).toEqual(["echo: wait for it"]);
});

test("a turn that is tried again after a failure of the model begins a new row", async () => {
  const script = ["die", "die", { kind: "error", error: new Error("503") }, "die", "die"] as const;
  let calls = 0;
  const answering = await setUpAnswering({ model: () => script[calls++] });
  await answering.say("unlucky");
  await liveOn(answering, () => calls === 3);
  await answering.pass(60_000);
  await liveOn(answering, () => answering.texts().length > 0);
  expect(answering.texts()).toEqual(["echo: unlucky"]);
});

test("a turn that is tried again after a bug begins a new row", async () => {
  let calls = 0;
  const answering = await setUpAnswering({
    beforeCall() {
      calls += 1;
      if (calls === 3) throw new Error("a bug");
    },
    model: () => (calls < 6 ? "die" : undefined),
  });
  await answering.say("unlucky");
  await liveOn(answering, () => calls === 3);
  await answering.pass(60_000);
  await liveOn(answering, () => answering.texts().length > 0);
  expect(answering.texts()).toEqual(["echo: unlucky"]);
});

// Issue 3, point 5. Red without the doubts: it would be set aside, as 2 of 351 messages were in random kills.
test("a message is not blamed after three deaths in a process that dies of other things too", async () => {
  let deadly = true;
  const answering = await setUpAnswering({ model: () => (deadly ? "die" : undefined) });
  for (let kill = 1; kill <= 5; kill += 1) await answering.restart();
  await answering.say("unlucky");
  for (let kill = 1; kill <= 5; kill += 1) {
    await answering.until(() => answering.asked.length === kill);
    await answering.restart();
  }
  deadly = false;
  await answering.until(() => answering.texts().length > 0);
  expect(answering.texts()).toEqual(["echo: unlucky"]);
});

// Red when the doubts have no bound: it would be asked for more deaths than there ever are.
test("a message that kills a process that dies of other things too is set aside all the same", async () => {
  const answering = await setUpAnswering({ model: () => "die" });
  for (let kill = 1; kill <= 30; kill += 1) await answering.restart();
  await answering.say("poison");
  expect(await liveOn(answering, () => answering.texts().length > 0)).toBe(6);
  expect(answering.texts()).toEqual([
    "I stopped 6 times while working on this message, so I set it aside.",
  ]);
});

// Red when they are kept for ever, and when the end of a stopped process counts.
test("deaths of long ago, and stops, say nothing for a message", async () => {
  const answering = await setUpAnswering({
    model: (text) => (text === "poison" ? "die" : undefined),
  });
  for (let kill = 1; kill <= 5; kill += 1) await answering.restart();
  await answering.pass(600_000);
  for (let stop = 1; stop <= 5; stop += 1) await answering.stopAndRestart();
  answering.life().stopping();
  await answering.pass();
  await answering.restart();
  await answering.say("poison");
  expect(await liveOn(answering, () => answering.texts().length > 0)).toBe(3);
});
