import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createLog, type LogOptions } from "../../src/runtime/create-log.ts";
import { errorCode, UserError } from "../../src/runtime/errors.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createRedactor } from "../../src/runtime/redact.ts";
import { tempFolder } from "../builders/temp-folder.ts";
import { eventually } from "../contracts/recording-receiver.ts";

async function readIfThere(file: string): Promise<string> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

async function fileLog(options: Partial<LogOptions> = {}) {
  const path = join(await tempFolder(), "logs", "my-bot.log");
  const failures: Error[] = [];
  const created = await createLog({
    level: "info",
    destination: { kind: "file", path },
    redactor: createRedactor(),
    files: nodeFileOps,
    onFailure: (error) => failures.push(error),
    ...options,
  });
  const lines = async () =>
    (await fs.readFile(path, "utf8"))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return { ...created, path, lines, failures };
}

describe("createLog", () => {
  test("appends one line of JSON for each entry to a file that only its owner can read", async () => {
    const { log, close, path, lines, failures } = await fileLog();
    log.child({ channel: "telegram" }).info({ event: "1" }, "accepted");
    log.warn("plain");
    await close();
    expect(await lines()).toEqual([
      expect.objectContaining({ level: "info", channel: "telegram", event: "1", msg: "accepted" }),
      expect.objectContaining({
        level: "warn",
        msg: "plain",
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      }),
    ]);
    expect((await fs.stat(path)).mode & 0o777).toBe(0o600);
    expect((await fs.stat(join(path, ".."))).mode & 0o777).toBe(0o700);
    expect(failures).toEqual([]);
  });

  test("begins a new file when one is full, and keeps the one before it", async () => {
    const { log, close, path, failures } = await fileLog({ maxFileBytes: 2_000 });
    for (let n = 0; n < 100; n += 1) {
      log.info({ n }, "a line of the log");
      // However slow the disk is: what waits to be written would make a file longer.
      await eventually(async () => {
        const files = await Promise.all([path, `${path}.1`].map(readIfThere));
        expect(files.join("")).toContain(`"n":${n},`);
      });
    }
    await close();
    const read = async (file: string) =>
      (await fs.readFile(file, "utf8"))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).n);
    const [before, now] = [await read(`${path}.1`), await read(path)];
    expect((await fs.readdir(join(path, ".."))).sort()).toEqual(["my-bot.log", "my-bot.log.1"]);
    // Nothing is missing between the two, and nothing after them.
    const kept = [...before, ...now];
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, n) => 100 - kept.length + n));
    expect((await fs.stat(`${path}.1`)).size).toBeLessThan(4_000);
    expect((await fs.stat(path)).mode & 0o777).toBe(0o600);
    expect(failures).toEqual([]);
  });

  test("counts what an earlier process wrote", async () => {
    const first = await fileLog();
    first.log.info("x".repeat(3_000));
    await first.close();
    const destination = { kind: "file", path: first.path } as const;
    const { log, close } = await fileLog({ destination, maxFileBytes: 2_000 });
    log.info("fills it");
    await expect.poll(() => fs.readdir(join(first.path, ".."))).toContain("my-bot.log.1");
    log.info("new");
    await close();
    expect(await fs.readFile(first.path, "utf8")).toContain("new");
  });

  // weaknesses.md W-A13, 3.6 #13: tokens stood in the log.
  test("lets no secret through, from fields, texts, errors and children", async () => {
    const redactor = createRedactor();
    const { log, close, path } = await fileLog({ redactor });
    redactor.add(["sk-very-secret"]);
    log
      .child({ key: "sk-very-secret" })
      .info({ deep: { url: "/bot1:abc/getMe" } }, "sk-very-secret");
    log.error({ error: new Error("sk-very-secret at bot1:abc") }, "failed");
    await close();
    const written = await fs.readFile(path, "utf8");
    expect(written).not.toContain("sk-very-secret");
    expect(written).not.toContain("bot1:abc");
    expect(written.match(/\[secret\]/g)?.length).toBeGreaterThanOrEqual(5);
  });

  test("keeps an error's stack and cause", async () => {
    const { log, close, lines } = await fileLog();
    log.error({ error: new Error("outer", { cause: new Error("inner") }) }, "failed");
    await close();
    const [line] = await lines();
    expect(line.error).toMatchObject({ message: expect.stringContaining("outer") });
    expect(line.error.stack).toContain("inner");
  });

  test("changes its level while it runs", async () => {
    const { log, close, lines, setLevel } = await fileLog();
    log.debug("unheard");
    setLevel("debug");
    log.debug("heard");
    await close();
    expect((await lines()).map((line) => line.msg)).toEqual(["heard"]);
  });

  test("says in one line why a file cannot be opened", async () => {
    const folder = await tempFolder();
    const opening = fileLog({ destination: { kind: "file", path: folder } });
    await expect(opening).rejects.toThrow(UserError);
    await expect(opening).rejects.toThrow(`Cannot open the log ${folder}: EISDIR`);
  });

  test("goes on, and reports, when a line cannot be written", async () => {
    // A device that is always full.
    const { log, close, failures } = await fileLog({
      destination: { kind: "file", path: "/dev/full" },
    });
    log.info("lost");
    await expect.poll(() => failures.length).toBeGreaterThan(0);
    const before = failures.length;
    log.info("lost too");
    await expect.poll(() => failures.length).toBeGreaterThan(before);
    await close();
    expect(new Set(failures.map((error) => error.message))).toEqual(
      new Set(["ENOSPC: no space left on device, write"]),
    );
  });
});

describe("createLog on standard output", () => {
  const child = fileURLToPath(new URL("log-child.ts", import.meta.url));
  const run = (kind: string) =>
    spawn(process.execPath, ["--import", "tsx", child, kind], {
      stdio: ["ignore", "pipe", "pipe"],
    });

  test("writes JSON in production", async () => {
    const output = await text(run("json").stdout);
    expect(JSON.parse(output)).toMatchObject({ level: "info", event: "7", msg: "hello [secret]" });
  });

  test("writes a line for a person on a terminal", async () => {
    const output = await text(run("pretty").stdout);
    expect(output).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: hello \[secret\] \{"event":"7"\}\n$/);
  });

  test("is not held up by a reader that has stopped reading", async () => {
    const process_ = run("flood");
    const [line] = await once(process_.stderr, "data");
    expect(String(line)).toContain("not held up");
    expect(String(line)).toContain("dropped");
    process_.kill("SIGKILL");
    await once(process_, "exit");
  });

  test("survives a reader that has gone", async () => {
    const process_ = run("gone");
    process_.stdout.destroy();
    const [line] = await once(process_.stderr, "data");
    expect(String(line)).toContain("closed");
    expect(await once(process_, "exit")).toEqual([0, null]);
  });
});
