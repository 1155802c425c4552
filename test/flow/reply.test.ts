import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { PLATFORMS } from "../rig/conversation.ts";
import { runningRig, sharedRig, testRig, textsOf, waitShown } from "../rig/test-rig.ts";

describe("the server", () => {
  const rigOf = sharedRig();

  test.each(PLATFORMS)("answers a message on %s", async (platform) => {
    const chat = rigOf().person(platform, 1);
    chat.say("hello there");
    await waitShown(chat, "echo: hello there");
    expect(textsOf(chat)).toEqual(["echo: hello there"]);
  });

  test("answers in a chat that joins it, with the replies alone on standard output", async () => {
    const joined = await rigOf().command(["chat"], "first\n\nsecond\n");
    expect(joined).toMatchObject({ code: 0, stdout: "echo: first\necho: second\n" });
  });

  test("remembers the conversation, and `/clear` forgets it", async () => {
    const rig = rigOf();
    const chat = rig.person("telegram", 2);
    const rolesOfLast = () => rig.model.requests.at(-1)?.body.messages.map(({ role }) => role);
    chat.say("one");
    await waitShown(chat, "echo: one");
    chat.say("two");
    await waitShown(chat, "echo: two");
    expect(rolesOfLast()).toEqual(["system", "user", "assistant", "user"]);
    chat.say("/clear");
    await waitShown(chat, /Conversation cleared/);
    chat.say("three");
    await waitShown(chat, "echo: three");
    expect(rolesOfLast()).toEqual(["system", "user"]);
  });

  test("tells one message's story under its key in the log", async () => {
    const rig = rigOf();
    const chat = rig.person("telegram", 3);
    const id = chat.say("follow me");
    await waitShown(chat, "echo: follow me");
    const story = () =>
      rig.server
        .log()
        .filter(({ key }) => String(key).startsWith(`telegram/123456/${chat.user}/${id}`))
        .map(({ msg }) => msg);
    // The message, then its reply.
    const steps = [
      "published",
      "started",
      "published",
      "done",
      "started",
      "part confirmed",
      "done",
    ];
    await eventually(() => expect(story()).toEqual(steps));
    expect(rig.server.output()).not.toContain(rig.telegram.token);
  });
});

test("without a server, a chat answers by itself, and leaves the other channels' messages alone", async () => {
  const rig = await testRig({ channels: ["telegram"] });
  rig.person("telegram", 1).say("for the phone");
  const alone = await rig.command(["chat"], "hello\n");
  expect(alone).toMatchObject({ code: 0, stdout: "echo: hello\n" });
  expect(rig.telegram.unconfirmed()).toBe(1);
  await rig.start();
  await waitShown(rig.person("telegram", 1), "echo: for the phone");
});

test("Telegram's updates come by webhook, in order, each answered once", async () => {
  const port = await freePort();
  const rig = await testRig({
    channels: ["telegram"],
    config: {
      channels: {
        telegram: {
          webhook: { url: `http://127.0.0.1:${port}/telegram`, secret_token: "s3cret", port },
        },
      },
    },
  });
  const chat = rig.person("telegram", 1);
  chat.say("before it runs");
  await rig.start();
  await waitShown(chat, "echo: before it runs");
  for (const text of ["a", "b", "c"]) chat.say(text);
  await waitShown(chat, "echo: c");
  expect(textsOf(chat)).toEqual(["echo: before it runs", "echo: a", "echo: b", "echo: c"]);
  expect(rig.telegram.webhook()).toMatchObject({ secretToken: "s3cret", lastError: undefined });
  expect(rig.telegram.requests("getUpdates")).toEqual([]);

  // Anyone can find the address; only Telegram knows the secret.
  const forged = await fetch(`http://127.0.0.1:${port}/telegram`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": "guess" },
    body: JSON.stringify({ update_id: 1 }),
  });
  expect(forged.status).toBe(401);
});

// weaknesses.md 3.6 #8.
test("a second server of the same workspace refuses to start and says who holds it", async () => {
  const rig = await runningRig({ channels: ["telegram"] });
  const second = await rig.command(["server"]);
  expect(second.code).not.toBe(0);
  expect(second.stderr.trim().split("\n")).toHaveLength(1);
  expect(second.stderr).toContain(String(rig.server.pid()));
  const chat = rig.person("telegram", 1);
  chat.say("still there?");
  await waitShown(chat, "echo: still there?");
});

/** A port that was free a moment ago: a webhook's address has to be known before the server listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
