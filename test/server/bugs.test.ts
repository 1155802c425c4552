import { expect, test } from "vitest";
import { setUpAnswering } from "./answering.ts";

const MINUTE = 60_000;

// weaknesses.md W-I3: what nobody foresaw was a line in the log, and its sender heard nothing.
// Red without an end to a handler's attempts: the conversation is stuck behind it for ever.
test("a message that meets a bug each time is given up, its sender and the owner are told, and the next one is answered", async () => {
  let calls = 0;
  let isBroken = true;
  const answering = await setUpAnswering({
    beforeCall() {
      calls += 1;
      if (isBroken) throw new TypeError("x is not a function");
    },
  });
  await answering.say("odd");
  await answering.say("and now?");
  for (let minute = 0; minute < 14; minute += 1) await answering.pass(MINUTE);
  expect(calls).toBeGreaterThan(5);
  expect(answering.texts()).toEqual([]);
  // It is tried until then, over a restart too.
  await answering.restart();
  const showing = (count: number) =>
    answering.until(async () => {
      await answering.pass(1000);
      return answering.texts().length === count;
    }, `text ${count}`);
  await showing(1);
  isBroken = false;
  await showing(2);
  expect(answering.texts()).toEqual([expect.stringMatching(/fault in me/), "echo: and now?"]);
  expect(answering.texts("1")).toEqual([expect.stringMatching(/x is not a function/)]);
  expect(answering.life().bus.counts()).toMatchObject({ inbox: 0, failed: 1 });
});

// A disk that refuses is no bug: whatever it takes, the message is answered when it works again.
test("a message that meets a broken disk is not given up", async () => {
  let isBroken = true;
  const answering = await setUpAnswering({
    beforeCall() {
      if (isBroken) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
    },
  });
  await answering.say("hello");
  for (let minute = 0; minute < 120; minute += 1) await answering.pass(MINUTE);
  expect(answering.texts()).toEqual([]);
  isBroken = false;
  for (let minute = 0; minute < 12; minute += 1) await answering.pass(MINUTE);
  await answering.until(() => answering.texts().length === 1);
  expect(answering.texts()).toEqual(["echo: hello"]);
});
