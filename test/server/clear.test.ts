import { expect, test } from "vitest";
import { setUpAnswering } from "./answering.ts";

const SOURCE = "platform-telegram:42:42";

// weaknesses.md W-T20: what waited carried the session of before, and its turn was lost for the new one.
// Red when the session is found before the turn starts, and when a turn that is tried again does not use its own.
test.each([false, true])(
  "/clear parts what waits from what has begun, which ends in its own session (killed: %s)",
  async (isKilled) => {
    let isDown = true;
    const answering = await setUpAnswering({
      model: () => (isDown ? { kind: "error", error: new Error("overloaded") } : undefined),
    });
    await answering.say("one");
    await answering.until(() => answering.asked.length === 1);
    const old = answering.life().sessions.current(SOURCE)?.id ?? "";
    await answering.say("two");
    await answering.say("clear", { content: "/clear", control: true });
    await answering.until(() => answering.texts().length === 1);
    if (isKilled) await answering.restart();
    isDown = false;
    await answering.pass(60_000);
    await answering.until(() => answering.texts().length === 3);
    expect(answering.texts().slice(1)).toEqual(["echo: one", "echo: two"]);
    const { sessions } = answering.life();
    const linesIn = async (id: string) => (await sessions.read(id)).map(({ content }) => content);
    expect(await linesIn(old)).toEqual(["one", "echo: one"]);
    expect(await linesIn(sessions.current(SOURCE)?.id ?? "")).toEqual(["two", "echo: two"]);
  },
);
