import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { createGate } from "../rig/gate.ts";
import { within } from "../rig/run-kill.ts";
import { runningRig, testRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

const EXIT_CONFIG = 78;

describe("while the server runs", () => {
  // weaknesses.md W-C7, 3.6 #11.
  test("a token that is changed reconnects that channel alone, and nothing is lost", async () => {
    const rig = await runningRig();
    const { telegram, discord, workspace } = rig;
    const token = "654321:another-token";
    telegram.addBot({ token, username: "other_bot" });
    telegram.chat(1001, { token });
    telegram.say(1001, "to the new bot", { token });
    await workspace.write(
      ".env",
      `TELEGRAM_BOT_TOKEN=${token}\nDISCORD_BOT_TOKEN=${discord.token}\n`,
    );
    await eventually(() => {
      const texts = telegram.replies(1001, token).map(({ text }) => text);
      expect(texts).toEqual(["echo: to the new bot"]);
    });
    expect(discord.gateway.identifies()).toBe(1);
    const chat = rig.person("discord", 1);
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    // Nobody listens with the old one any more.
    const polls = () => telegram.requests("getUpdates").filter((one) => one.token !== token);
    const before = polls().length;
    telegram.say(1001, "to the old bot");
    telegram.say(1001, "once more", { token });
    await eventually(() => expect(telegram.replies(1001, token)).toHaveLength(2));
    expect(polls()).toHaveLength(before);
  });

  // peers #28. Red when what was handled is known without the bot's identity.
  test("another bot's token at the next start answers, though its ids are lower and its messages' the same", async () => {
    const rig = await testRig({ channels: ["telegram"] });
    const { telegram } = rig;
    const chat = rig.person("telegram", 1);
    telegram.setNextUpdateId(9_000);
    await rig.start();
    chat.say("to the first bot");
    await waitShown(chat, "echo: to the first bot");
    await rig.server.stop();
    const token = "654321:another-token";
    telegram.addBot({ token, username: "other_bot" });
    telegram.setNextUpdateId(50, token);
    telegram.chat(1001, { token });
    await rig.workspace.write(".env", `TELEGRAM_BOT_TOKEN=${token}\nDISCORD_BOT_TOKEN=\n`);
    await rig.start();
    const { messageId } = telegram.say(1001, "to the second bot", { token });
    expect(messageId).toBe(1);
    await eventually(() => {
      const texts = telegram.replies(1001, token).map(({ text }) => text);
      expect(texts).toEqual(["echo: to the second bot"]);
    });
  });

  // peers #48.
  // weaknesses.md W-C9, W-C10, 3.6 #11: nobody was told that an edit was not in force.
  test("a mistake in the configuration changes nothing, and is told with its line", async () => {
    const rig = await runningRig({ channels: ["telegram"], config: { owner: "telegram/1040" } });
    const [chat, owner] = [rig.person("telegram", 1), rig.person("telegram", 40)];
    await rig.workspace.configure({ delivry: { give_up_after: "1h" } });
    await waitShown(owner, /delivry/);
    const status = await rig.command(["status"]);
    expect(status.code).not.toBe(0);
    expect(status.stdout).toMatch(/config\.user\.yaml:\d+.*delivry/);
    expect(status.stdout).toContain("delivery");
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    await rig.workspace.configure({ delivry: undefined });
    await eventually(() => expect(rig.server.output()).toContain("configuration reloaded"));
    expect((await rig.command(["status"])).code).toBe(0);
  });

  test("several mistakes are told one by one, and the owner hears of them in one message", async () => {
    const rig = await runningRig({ channels: ["telegram"], config: { owner: "telegram/1040" } });
    const owner = rig.person("telegram", 40);
    await rig.workspace.configure({ delivry: {}, log: { level: "loud" } });
    const { text } = await waitShown(owner, /delivry/);
    expect(text.split(/\n+/)).toEqual([
      expect.stringContaining("was not reloaded"),
      expect.stringMatching(/config\.user\.yaml:\d+: .*delivry/),
      expect.stringMatching(/config\.user\.yaml:\d+: .*log\.level/),
    ]);
    expect((await rig.status()).problems).toEqual([
      expect.stringMatching(/not reloaded.*delivry[^\n]*$/),
      expect.stringMatching(/not reloaded.*log\.level[^\n]*$/),
    ]);
  });

  test("an agent whose definition breaks is in the status until it is mended, and goes on as it was", async () => {
    const rig = await runningRig({ channels: ["telegram"] });
    const chat = rig.person("telegram", 1);
    const file = rig.workspace.path("agents", "pickle", "AGENT.md");
    const good = await readFile(file, "utf8");
    await writeFile(file, good.replace("description:", "descripton:"));
    const { stdout, code } = await rig.command(["status"]);
    expect(stdout).toContain(
      `${file}:3: unknown key \`descripton\`; did you mean \`description\`?`,
    );
    expect(code).toBe(1);
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    await writeFile(file, good);
    expect((await rig.command(["status"])).code).toBe(0);
  });

  test("a name that no id can match is in the status as a warning, and nothing is wrong", async () => {
    const config = { channels: { telegram: { allow_from: ["@alice", 1001] } } };
    const rig = await runningRig({ channels: ["telegram"], config });
    expect(rig.server.output()).toContain("@alice");
    const { stdout, code } = await rig.command(["status"]);
    expect(stdout).toMatch(/! .*config\.user\.yaml:\d+: .*allow_from\[0\].*`@alice`/);
    expect(code).toBe(0);
  });

  // weaknesses.md W-C7, W-C10. Red when an edit that is not in force yet is only said to be reloaded.
  test("an edit that counts from the next start on is in the status until then", async () => {
    const rig = await runningRig({ channels: ["telegram"] });
    await rig.workspace.configure({
      turns: { concurrency: 3 },
      delivery: { concurrency: 5 },
      events: { keep_done: "72h", keep_done_count: 9000, sync: "process" },
    });
    const wanted = [
      expect.stringMatching(/turns\.concurrency.*start.*stays 16/),
      expect.stringMatching(/delivery\.concurrency.*stays 64/),
      expect.stringMatching(/events\.keep_done`.*stays 48h/),
      expect.stringMatching(/events\.keep_done_count.*stays 200000/),
      expect.stringMatching(/events\.sync.*stays full/),
    ];
    await eventually(async () => expect((await rig.status()).warnings).toEqual(wanted));
    expect(rig.server.output()).toContain("delivery.concurrency");
    await rig.server.stop();
    await rig.start();
    expect(await rig.status()).toMatchObject({ warnings: [], problems: [] });
  });

  // weaknesses.md W-D3, W-O12: it was deleted as if it were delivered, or waited until the next start.
  test("a channel that is taken out and put back sends what it was owed", async () => {
    const rig = await runningRig();
    const chat = rig.person("telegram", 1);
    const gate = createGate();
    rig.model.next({ kind: "slow", text: "at last", until: gate.opened });
    chat.say("think");
    await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("think"));
    const enable = (enabled: boolean) =>
      rig.workspace.configure({ channels: { telegram: { enabled } } });
    await enable(false);
    await eventually(async () => {
      expect((await rig.status()).channels.map(({ name }) => name)).not.toContain("telegram");
    });
    gate.open();
    await eventually(async () => {
      expect((await rig.status()).events).toMatchObject({ inbox: 0, pending: 1, failed: 0 });
    });
    await enable(true);
    await waitShown(chat, "at last");
    await waitSettled(rig);
    expect(textsOf(chat)).toEqual(["at last"]);
  });

  test("an agent's file that is edited counts at the next message", async () => {
    const rig = await runningRig({ channels: ["telegram"] });
    const chat = rig.person("telegram", 1);
    await rig.workspace.write("agents/pickle/SOUL.md", "You speak like a lighthouse keeper.\n");
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    const [system] = rig.model.requests.at(-1)?.body.messages ?? [];
    expect(JSON.stringify(system?.content)).toContain("lighthouse keeper");
  });
});

describe("at the start", () => {
  test("a missing default agent is told in one line, with exit code 78", async () => {
    const rig = await testRig({ channels: ["telegram"] });
    await rm(rig.workspace.path("agents", "pickle"), { recursive: true });
    rig.server.start();
    const exit = await within(rig.server.exited(), 15_000, "the refusal");
    expect(exit.code).toBe(EXIT_CONFIG);
    expect(told(rig.server.output())).toHaveLength(1);
    expect(told(rig.server.output())[0]).toMatch(/pickle.*AGENT\.md/);
    expect(rig.telegram.requests()).toEqual([]);
  });

  // peers #48.
  test("an unknown key is told with its line and the nearest one, with exit code 78", async () => {
    const rig = await testRig({ channels: ["telegram"], config: { default_agnet: "pickle" } });
    rig.server.start();
    const exit = await within(rig.server.exited(), 15_000, "the refusal");
    expect(exit.code).toBe(EXIT_CONFIG);
    expect(told(rig.server.output())).toHaveLength(1);
    expect(told(rig.server.output())[0]).toMatch(
      /config\.user\.yaml:\d+.*default_agnet.*default_agent/,
    );
  });

  test("another agent with a mistake is skipped, told with file and line, and the rest works", async () => {
    const rig = await testRig({ channels: ["telegram"] });
    await mkdir(rig.workspace.path("agents", "broken"));
    await rig.workspace.write("agents/broken/AGENT.md", "---\nname: Broken\ntools: 7\n---\nHi.\n");
    await rig.start();
    const chat = rig.person("telegram", 1);
    chat.say("/agent");
    await waitShown(chat, /Pickle/i);
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    const skipped = rig.server
      .output()
      .split("\n")
      .find((line) => line.includes("is skipped"));
    expect(skipped).toContain("agents/broken/AGENT.md");
    expect(JSON.parse(skipped ?? "{}")).toMatchObject({ line: 3 });
  });
});

/** Lines for the person at the terminal; nothing of a stack among them. */
function told(output: string): readonly string[] {
  expect(output).not.toMatch(/^\s+at /m);
  return output.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
}
