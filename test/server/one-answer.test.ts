import { expect, test } from "vitest";
import { DISK_ROOT } from "../fakes/recording-files.ts";
import { setUpAnswering } from "./answering.ts";

// Whatever the second process would have said: the key of either text stops it.
// peers #25: what is done is known before anything else happens.
test("a notice is the answer, even if the process dies before the message is settled and the agent comes back", async () => {
  let notices = 0;
  for (let operations = 1; operations < 40; operations += 1) {
    const answering = await setUpAnswering();
    const pickle = answering.agents.get("pickle");
    answering.agents.clear();
    answering.life().killAfter(operations);
    void answering.say("hello");
    await answering.pass(10);
    if (pickle) answering.agents.set("pickle", pickle);
    await answering.restart();
    await answering.until(() => answering.life().bus.counts().inbox === 0);
    await answering.pass(10);
    const accepted = answering.life().bus.knows("hello");
    expect(answering.texts()).toHaveLength(accepted ? 1 : 0);
    if (/not there any more/.test(answering.texts()[0] ?? "")) notices += 1;
    await answering.life().kill();
  }
  expect(notices).toBeGreaterThan(0);
});

test("an answer that is in the history is given, even if its agent has gone meanwhile", async () => {
  const kinds = new Set<string>();
  for (let operations = 5; operations < 40; operations += 1) {
    const answering = await setUpAnswering();
    answering.life().killAfter(operations);
    void answering.say("hello");
    await answering.pass(10);
    answering.agents.clear();
    await answering.restart();
    await answering.until(() => answering.life().bus.counts().inbox === 0);
    await answering.pass(10);
    const { sessions } = answering.life();
    const session = sessions.current("platform-telegram:42:42");
    const history = session ? await sessions.read(session.id) : [];
    const answered = history.some(({ content }) => content === "echo: hello");
    const [text = ""] = answering.texts();
    if (answering.life().bus.knows("hello")) {
      expect(text).toMatch(answered ? /^echo: hello$/ : /not there any more/);
      expect(answering.texts()).toHaveLength(1);
      kinds.add(answered ? "answer" : "notice");
    }
    await answering.life().kill();
  }
  expect(kinds).toEqual(new Set(["answer", "notice"]));
});

test("a command whose answer is durable is not run again", async () => {
  for (let operations = 1; operations < 30; operations += 1) {
    const answering = await setUpAnswering();
    answering.life().killAfter(operations);
    void answering.say("/help", { control: true });
    await answering.pass(10);
    await answering.restart();
    await answering.until(() => answering.life().bus.counts().inbox === 0);
    await answering.pass(10);
    const accepted = answering.life().bus.knows("/help");
    expect(answering.texts()).toHaveLength(accepted ? 1 : 0);
    await answering.life().kill();
  }
});

test("a message that is tried again after it was given up gets its answer beside the notice", async () => {
  let fails = true;
  const answering = await setUpAnswering({
    model: () => (fails ? { kind: "error", error: new Error("overloaded") } : undefined),
  });
  await answering.say("hello");
  await answering.until(async () => {
    await answering.pass(60_000);
    return answering.texts().length === 1;
  });
  fails = false;
  const { bus } = answering.life();
  const [dead = ""] = bus.store.failed();
  await bus.retry(dead);
  await answering.until(() => answering.texts().length === 2);
  expect(answering.texts()[1]).toBe("echo: hello");
});

// weaknesses.md W-H7: the answer was sent, and after a power cut the conversation knew nothing of it.
// Red when nothing syncs the session's lines beside the answer.
test("what a person was shown is in the history after a power cut at once", async () => {
  const answering = await setUpAnswering();
  for (const [index, key] of ["one", "two"].entries()) {
    await answering.say(key);
    await answering.until(() => answering.texts().length === index + 1);
    const left = [...answering.disk.powerCut().texts(`${DISK_ROOT}/.history`).values()].join("");
    expect(left).toContain(`"${key}"`);
    expect(left).toContain(`"echo: ${key}"`);
  }
});

// weaknesses.md W-I6.
test("a message without words is answered with what can be read, and asks no model", async () => {
  const answering = await setUpAnswering();
  await answering.say("spoken", { content: "", attachments: [{ kind: "voice" }] });
  await answering.until(() => answering.texts().length === 1);
  expect(answering.texts()).toEqual([expect.stringMatching(/only read text.* not voice/)]);
  expect(answering.asked).toEqual([]);
});
