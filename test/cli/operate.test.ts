import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NewEvent, printEvent } from "../../src/events/event.ts";
import { eventFileName } from "../../src/events/event-name.ts";
import { EMPTY_NOTE, printNote } from "../../src/events/note.ts";
import { type Cli, createCli } from "./run-cli.ts";

describe("my-bot status, channels and outbox", () => {
  let cli: Cli;
  let workspace: string;

  beforeEach(async () => {
    cli = await createCli();
    workspace = join(cli.home, "workspace");
    await cli.run(["init", "-w", workspace]);
  });
  afterEach(() => cli.close());

  const my = (...args: readonly string[]) => cli.run([...args, "-w", workspace]);
  const json = async (...args: readonly string[]) =>
    JSON.parse((await my(...args, "--json")).stdout);

  let count = 0;
  /** A reply to a Telegram chat; nobody is there to send it. */
  async function put(folder: "pending" | "failed"): Promise<string> {
    count += 1;
    const id = String((Date.now() - 90_000) * 4096 + count).padStart(16, "0");
    const fresh: NewEvent = {
      ...{ type: "OutboundEvent", key: `telegram/1/42/${count}/reply`, lane: `lane ${count}` },
      ...{
        channel: "telegram",
        address: { chat: "42" },
        content: "hello",
        kind: "reply",
        boot: "b",
      },
    };
    const ref = eventFileName(id, fresh);
    const event = printEvent({ ...fresh, v: 1, id, timestamp: Date.now() - 90_000 });
    await mkdir(join(workspace, ".event", folder), { recursive: true });
    await writeFile(join(workspace, ".event", folder, ref), event);
    if (folder === "failed") {
      const dead = { at: Date.now(), reason: "Forbidden: bot was blocked by the user" };
      const first = { at: Date.UTC(2026, 1, 1), reason: "no connection" };
      const sending = { part: 1, at: first.at, boot: "b", left: true };
      const progress = { parts: ["he", "ll", "o"], receipts: ["4711"], sending };
      const note = { ...EMPTY_NOTE, attempts: 1, failures: [first, dead], dead, progress };
      await mkdir(join(workspace, ".event", "notes"), { recursive: true });
      await writeFile(join(workspace, ".event", "notes", ref), printNote(note));
    }
    return ref;
  }
  const inFolder = async (folder: string) => readdir(join(workspace, ".event", folder));

  // peers #52: `outbox` without a server.
  describe("without a server", () => {
    it("outbox says that a folder is no workspace", async () => {
      const folder = join(cli.home, "elsewhere");
      for (const command of [["outbox"], ["outbox", "show", "1"], ["outbox", "retry", "1"]]) {
        const { code, stdout, stderr } = await cli.run([...command, "-w", folder]);
        expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
        expect(stderr).toBe(
          `my-bot: There is no workspace in ${folder}; name another with -w, or make one with \`my-bot init\`\n`,
        );
      }
      expect(await readdir(cli.home)).not.toContain("elsewhere");
    });

    it("status says so with 3", async () => {
      const { code, stdout, stderr } = await my("status");
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toContain("No server is running");
      expect(await json("status")).toEqual({ running: false, workspace });
    });

    it("channels shows what is configured", async () => {
      const { code, stdout } = await my("channels");
      expect(code).toBe(0);
      expect(stdout).toMatch(/telegram +off: its token is empty/);
      expect(await json("channels")).toMatchObject({ running: false, channels: [] });
    });

    it("outbox lists what is owed and what is dead, and shows one", async () => {
      const dead = await put("failed");
      const owed = await put("pending");
      const { stdout, code } = await my("outbox");
      expect(code).toBe(0);
      const [, first = "", second = ""] = stdout.split("\n");
      expect(first).toMatch(/dead +reply +1 min +telegram +42 +1 +Forbidden: bot was blocked/);
      expect(second).toMatch(/owed +reply +1 min +telegram +42 +0 +hello/);
      expect(await json("outbox", "list")).toMatchObject({
        total: 2,
        entries: [
          { ref: dead, state: "dead" },
          { ref: owed, state: "owed" },
        ],
      });
      const shown = await my("outbox", "show", dead.slice(0, 16));
      expect(shown.stdout).toContain(`${dead}: dead, Forbidden`);
      expect(shown.stdout).toMatch(/1 of 3 +sent, message 4711/);
      expect(shown.stdout).toMatch(/2 of 3 +may have been sent 2026-/);
      expect(shown.stdout).toMatch(/3 of 3 +not sent/);
      expect(shown.stdout).toMatch(/2026-\S+Z +no connection\n.*Z +Forbidden: bot was blocked/);
      expect(await json("outbox", "show", owed)).toMatchObject({
        ref: owed,
        event: { content: "hello" },
        note: { attempts: 0 },
      });
    });

    it("outbox retry makes a dead letter owed again, for the next server", async () => {
      const dead = await put("failed");
      const { code, stdout } = await my("outbox", "retry", dead.slice(0, 16));
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `${dead}: will be tried again when a server runs\n`,
      });
      expect(await inFolder("pending")).toEqual([dead]);
      expect(await inFolder("failed")).toEqual([]);
    });

    it("outbox discard counts it as done", async () => {
      const owed = await put("pending");
      expect((await my("outbox", "discard", owed)).code).toBe(0);
      expect(await inFolder("pending")).toEqual([]);
      expect(await inFolder("done")).toEqual([owed]);
    });

    it("outbox says when there is no such event, with 1", async () => {
      const { code, stderr } = await my("outbox", "retry", "999");
      expect(code).toBe(1);
      expect(stderr).toBe('my-bot: Cannot find "999" among what is owed or dead\n');
    });

    it("pair says that a server is needed, with 3", async () => {
      expect((await my("pair", "ABCD2345")).code).toBe(3);
    });
  });

  describe("with a server", () => {
    it("status tells how it is, and exits with 0 while all is well", async () => {
      const server = await cli.serve(workspace);
      const { code, stdout } = await my("status");
      expect(code).toBe(0);
      expect(stdout).toContain(`process ${server.child.pid}`);
      expect(stdout).toContain("All is well.");
      expect(await json("status")).toMatchObject({
        running: true,
        ready: true,
        problems: [],
        workspace,
      });
    });

    // peers #3. Red when nothing marks what was shown.
    it("status exits with 1 until someone has looked at the dead letters, and names them", async () => {
      const dead = await put("failed");
      await cli.serve(workspace);
      const { code, stdout } = await my("status");
      expect(code).toBe(1);
      expect(stdout).toContain("✗ 1 dead letter that nobody has looked at");
      expect(stdout).toMatch(/1 min ago +telegram, chat 42 +Forbidden: bot was blocked/);
      // `doctor` looks as well, but shows no letter.
      expect((await my("doctor")).stdout).toContain("1 was given up, 1 of them new");
      expect((await my("status")).code).toBe(1);
      await my("outbox", "list");
      const known = await my("status");
      expect(known.code).toBe(0);
      expect(known.stdout).toContain("1 dead letter (0 new)");
      expect(await json("status")).toMatchObject({ events: { failed: 1 }, unseen: 0, letters: [] });
      // Tried again and dead again, it is news. Nobody serves Telegram here: so it is owed now.
      await my("outbox", "retry", dead);
      expect(JSON.parse(await readFile(join(workspace, ".event", "seen.json"), "utf8"))).toEqual({
        v: 1,
        refs: [],
      });
    });

    it("a dead letter that was shown while nobody served stays known to the next server", async () => {
      const [first, second] = [await put("failed"), await put("failed")];
      await my("outbox", "show", first);
      const server = await cli.serve(workspace);
      expect(await json("status")).toMatchObject({
        ready: false,
        unseen: 1,
        letters: [{ ref: second }],
      });
      await my("outbox", "show", second);
      expect((await my("status")).code).toBe(0);
      server.child.kill("SIGKILL");
      await server.ended;
      await cli.serve(workspace);
      expect(await json("status")).toMatchObject({ ready: true, unseen: 0, events: { failed: 2 } });
      await my("outbox", "discard", first);
      expect(await inFolder("failed")).toEqual([second]);
    });

    it("status exits with 1 while an edit of the configuration is refused", async () => {
      await cli.serve(workspace);
      const config = join(workspace, "config.user.yaml");
      const good = await readFile(config, "utf8");
      await writeFile(config, `${good}\nnonsense: 1\n`);
      const deadline = Date.now() + 8_000;
      let status = await my("status");
      while (status.code === 0 && Date.now() < deadline) status = await my("status");
      expect(status.code).toBe(1);
      expect(status.stdout).toContain("nonsense");
    });

    it("channels shows those that are connected", async () => {
      await cli.serve(workspace);
      expect((await my("channels")).stdout).toMatch(/^terminal +cli +connected/);
      expect(await json("channels")).toMatchObject({
        running: true,
        channels: [{ name: "terminal", state: { kind: "connected" } }],
      });
    });

    // peers #52.
    it("outbox is the running server's: it retries and discards there", async () => {
      const dead = await put("failed");
      const owed = await put("pending");
      await cli.serve(workspace);
      expect((await json("outbox")).entries).toHaveLength(2);
      const { stdout } = await my("outbox", "retry", dead);
      expect(stdout).toBe(`${dead}: tried again now\n`);
      expect((await inFolder("pending")).sort()).toEqual([dead, owed].sort());
      expect((await my("outbox", "discard", owed)).code).toBe(0);
      expect(await inFolder("pending")).toEqual([dead]);
      expect(await inFolder("done")).toEqual([owed]);
    });

    it("pair says when a code is not known, with 1", async () => {
      await cli.serve(workspace);
      const { code, stderr } = await my("pair", "ABCD2345");
      expect(code).toBe(1);
      expect(stderr).toContain('with the code "ABCD2345"');
    });
  });
});
