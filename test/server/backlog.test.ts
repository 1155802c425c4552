import { expect, test } from "vitest";
import { type Answering, setUpAnswering } from "./answering.ts";

const HOUR = 3_600_000;

/** Messages that came while nobody was there: durable, and handled by the next process. */
async function backlog(answering: Answering, ages: readonly number[]) {
  const { bus } = answering.life();
  const now = answering.clock.now();
  const sent = ages.map((age, n) => answering.life().message(`m${n + 1}`, { sentAt: now - age }));
  await bus.publish(sent);
}

const history = async (answering: Answering) => {
  const { sessions } = answering.life();
  const session = sessions.current("platform-telegram:42:42");
  const lines = session ? await sessions.read(session.id) : [];
  return lines.map(({ role, content }) => `${role}: ${content}`);
};

const settled = (answering: Answering) =>
  answering.until(() => answering.life().bus.counts().inbox === 0);

test("old messages with later ones behind them are read, and the last one is answered, which says so", async () => {
  const answering = await setUpAnswering();
  await backlog(answering, [5 * HOUR, 4 * HOUR, 3 * HOUR, 2 * HOUR]);
  await settled(answering);
  expect(answering.texts()).toEqual([
    "(3 earlier messages came while I was away; I have read them and answer the last.)\n\necho: m4",
  ]);
  expect(answering.asked).toEqual(["m4"]);
  expect(await history(answering)).toEqual([
    ...["user: m1", "user: m2", "user: m3", "user: m4"],
    "assistant: echo: m4",
  ]);
  await answering.say("m5");
  await settled(answering);
  expect(answering.texts()[1]).toBe("echo: m5");
});

test("messages that are not old are answered one by one, the first of them for the old ones too", async () => {
  const answering = await setUpAnswering();
  await backlog(answering, [2 * HOUR, HOUR - 1, 0]);
  await settled(answering);
  expect(answering.texts()).toEqual([
    "(1 earlier message came while I was away; I have read it and answer the last.)\n\necho: m2",
    "echo: m3",
  ]);
});

test("a single old message is answered as if it were new", async () => {
  const answering = await setUpAnswering();
  await backlog(answering, [9 * HOUR]);
  await settled(answering);
  expect(answering.texts()).toEqual(["echo: m1"]);
});

test("with 0, each message is answered however old it is", async () => {
  const answering = await setUpAnswering({ staleAfterMs: 0 });
  await backlog(answering, [9 * HOUR, 8 * HOUR]);
  await settled(answering);
  expect(answering.texts()).toEqual(["echo: m1", "echo: m2"]);
});

test("old messages without text are read like the others", async () => {
  const answering = await setUpAnswering();
  const now = answering.clock.now();
  await answering.life().bus.publish([
    answering.life().message("m1", {
      content: "",
      sentAt: now - 2 * HOUR,
      attachments: [{ kind: "voice" }],
    }),
    answering.life().message("m2", { sentAt: now }),
  ]);
  await settled(answering);
  expect(answering.texts()).toEqual([
    expect.stringMatching(/^\(1 earlier message .*\n\necho: m2$/),
  ]);
  expect(await history(answering)).toEqual(["user: [voice]", "user: m2", "assistant: echo: m2"]);
});

test("a turn that was begun is brought to its end, however old it is by then", async () => {
  let hangs = true;
  const answering = await setUpAnswering({ model: () => (hangs ? { kind: "hang" } : undefined) });
  await backlog(answering, [0, 0]);
  await answering.until(() => answering.asked.length === 1);
  hangs = false;
  await answering.stopAndRestart();
  await answering.pass(2 * HOUR);
  await settled(answering);
  expect(answering.texts()).toEqual(["echo: m1", "echo: m2"]);
});

test("whatever operation a kill comes at, each old message is in the history once, and the count is right", async () => {
  for (let operations = 1; operations < 60; operations += 1) {
    const answering = await setUpAnswering();
    answering.life().killAfter(operations);
    void backlog(answering, [5 * HOUR, 4 * HOUR, 3 * HOUR, 2 * HOUR]);
    await answering.pass(100);
    await answering.restart();
    await settled(answering);
    await answering.pass(0);
    const lines = await history(answering);
    expect(lines.filter((line) => line.startsWith("user"))).toEqual(
      [...new Set(lines)].filter((line) => line.startsWith("user")),
    );
    const answers = answering.texts();
    if (lines.length === 0) continue;
    expect(answers).toHaveLength(1);
    const count = lines.filter((line) => line.startsWith("user")).length - 1;
    expect(answers[0]).toMatch(count > 0 ? new RegExp(`^\\(${count} earlier`) : /^echo/);
    await answering.life().kill();
  }
});
