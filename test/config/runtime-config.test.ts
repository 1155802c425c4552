import fs from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRuntimeConfig } from "../../src/config/runtime-config.ts";
import { type FileOps, nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

async function runtimeConfig(text?: string, files: FileOps = nodeFileOps) {
  const folder = await tempFolder();
  const path = join(folder, "config.runtime.yaml");
  if (text !== undefined) await fs.writeFile(path, text);
  const { log, entries } = createRecordingLog();
  const store = createRuntimeConfig({ path, files, clock: createManualClock(), log });
  return { ...store, folder, path, entries };
}

const GRANT = {
  code: "ABCD2345",
  channel: "discord",
  user: "234567890123456789",
  name: "Ann",
  chat: "345678901234567890",
  welcomed: false,
};

describe("runtimeConfig", () => {
  test("is empty where there is no file", async () => {
    const { read } = await runtimeConfig();
    expect(await read()).toEqual({ kind: "ok", value: { allow: {}, granted: [] } });
  });

  test("reads what it wrote, ids with all their digits", async () => {
    const { update, read, path } = await runtimeConfig();
    const value = {
      owner: "discord/234567890123456789",
      allow: { discord: ["234567890123456789"] },
      granted: [GRANT],
    };
    expect(await update(() => value)).toEqual(value);
    expect(await read()).toEqual({ kind: "ok", value });
    expect((await fs.stat(path)).mode & 0o777).toBe(0o600);
  });

  test("reads ids that a person wrote as numbers", async () => {
    const { read } = await runtimeConfig("allow: { discord: [234567890123456789] }");
    expect(await read()).toMatchObject({ value: { allow: { discord: ["234567890123456789"] } } });
  });

  // weaknesses.md W-C6: writers lost each other's changes.
  test("makes changes one after another, so that none is lost", async () => {
    const { update, read } = await runtimeConfig();
    const ids = Array.from({ length: 20 }, (_, index) => String(index));
    await Promise.all(
      ids.map((id) =>
        update(({ allow: { a = [] } }) => ({ allow: { a: [...a, id] }, granted: [] })),
      ),
    );
    expect(await read()).toMatchObject({ value: { allow: { a: ids } } });
  });

  test("is durable when an update resolves", async () => {
    const synced: boolean[] = [];
    const files: FileOps = {
      ...nodeFileOps,
      replace(path, data, options) {
        synced.push(options.sync);
        return nodeFileOps.replace(path, data, options);
      },
    };
    await (await runtimeConfig(undefined, files)).update((now) => now);
    expect(synced).toEqual([true]);
  });

  // weaknesses.md W-C6, 6.8: a write that failed left half a file.
  test("tells of a failed write, keeps the old file, and takes the next change", async () => {
    let isFull = true;
    const files: FileOps = {
      ...nodeFileOps,
      replace: (path, data, options) =>
        isFull
          ? Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" }))
          : nodeFileOps.replace(path, data, options),
    };
    const { update, read } = await runtimeConfig("owner: telegram/1\n", files);
    await expect(update((now) => ({ ...now, owner: "telegram/2" }))).rejects.toThrow(
      "no space left",
    );
    expect(await read()).toMatchObject({ value: { owner: "telegram/1" } });
    isFull = false;
    await update((now) => ({ ...now, owner: "telegram/3" }));
    expect(await read()).toMatchObject({ value: { owner: "telegram/3" } });
  });

  test.each([
    ["allow: [1", /config\.runtime\.yaml:\d+: this is not YAML/],
    ["allow: {}\nowner: nobody\n", /config\.runtime\.yaml:2: /],
    ["surprise: 1\n", /config\.runtime\.yaml:1: /],
  ])("reports a broken file and never touches it by reading: %j", async (text, reason) => {
    const { read, path, folder } = await runtimeConfig(text);
    expect(await read()).toEqual({ kind: "broken", reason: expect.stringMatching(reason) });
    expect(await fs.readFile(path, "utf8")).toBe(text);
    expect(await fs.readdir(folder)).toHaveLength(1);
  });

  test("sets a broken file aside, whole, when something has to be written", async () => {
    const { update, read, folder, entries } = await runtimeConfig("allow: [1");
    await update((now) => ({ ...now, owner: "telegram/1" }));
    expect(await read()).toEqual({
      kind: "ok",
      value: { allow: {}, granted: [], owner: "telegram/1" },
    });
    const aside = "config.runtime.yaml.broken-2030-01-01T00-00-00-000Z";
    expect((await fs.readdir(folder)).sort()).toEqual(["config.runtime.yaml", aside]);
    expect(await fs.readFile(join(folder, aside), "utf8")).toBe("allow: [1");
    expect(entries).toEqual([
      expect.objectContaining({
        level: "warn",
        aside: join(folder, aside),
        message: "set aside a runtime configuration that could not be read",
      }),
    ]);
  });

  // weaknesses.md W-A12, W-C4: written first, checked later.
  test("refuses a change that it could not read again", async () => {
    const { update, read } = await runtimeConfig("owner: telegram/1\n");
    await expect(update((now) => ({ ...now, owner: "no slash" }))).rejects.toThrow();
    expect(await read()).toMatchObject({ value: { owner: "telegram/1" } });
  });
});
