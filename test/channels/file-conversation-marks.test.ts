import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFileConversationMarks } from "../../src/channels/file-conversation-marks.ts";
import { type FileOps, nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

async function setup(files: FileOps = nodeFileOps) {
  const folder = await tempFolder();
  const path = join(folder, "marks", "discord.json");
  const clock = createManualClock();
  const { log, entries } = createRecordingLog();
  const open = () => openFileConversationMarks(path, { files, clock, log });
  const stored = async () => JSON.parse(await readFile(path, "utf8")).marks as unknown;
  return { folder, path, clock, entries, open, stored };
}

/** Real files, and a count of how often one was replaced. */
function countingFiles() {
  let replaced = 0;
  let broken = false;
  const files: FileOps = {
    ...nodeFileOps,
    async replace(...args) {
      if (broken) throw Object.assign(new Error("no space left on the device"), { code: "ENOSPC" });
      await nodeFileOps.replace(...args);
      replaced += 1;
    },
  };
  return {
    files,
    replaced: () => replaced,
    setBroken(value: boolean) {
      broken = value;
    },
  };
}

describe("openFileConversationMarks", () => {
  it("gives back after closing what was set", async () => {
    const { open } = await setup();
    const marks = await open();
    marks.set("a", "1");
    marks.set("b", "2");
    marks.set("a", "3");
    marks.delete("b");
    await marks.close();
    const again = await open();
    expect(again.entries()).toEqual([["a", "3"]]);
    expect(again.get("a")).toBe("3");
    await again.close();
  });

  it("writes about a second after the first change, once for many", async () => {
    const { files, replaced } = countingFiles();
    const { open, clock, stored } = await setup(files);
    const marks = await open();
    for (let i = 0; i < 100; i += 1) marks.set("a", String(i));
    await clock.advance(900);
    expect(replaced()).toBe(0);
    await clock.advance(200);
    await marks.flush();
    expect(replaced()).toBe(1);
    expect(await stored()).toEqual({ a: "99" });
    await marks.close();
    expect(replaced()).toBe(1);
    expect(clock.sleeping()).toBe(0);
  });

  it("goes on writing after it was closed, for a connection that starts anew", async () => {
    const { open, clock, stored } = await setup();
    const marks = await open();
    marks.set("a", "1");
    await marks.close();
    marks.set("a", "2");
    await clock.advance(1_100);
    await marks.flush();
    expect(await stored()).toEqual({ a: "2" });
    await marks.close();
    expect(clock.sleeping()).toBe(0);
  });

  it("writes nothing when nothing has changed", async () => {
    const { files, replaced } = countingFiles();
    const { open } = await setup(files);
    const marks = await open();
    marks.set("a", "1");
    await marks.flush();
    marks.set("a", "1");
    marks.delete("b");
    await marks.close();
    expect(replaced()).toBe(1);
  });

  it("has on disk after flush what was set before", async () => {
    const { open, stored } = await setup();
    const marks = await open();
    marks.set("a", "1");
    await marks.flush();
    expect(await stored()).toEqual({ a: "1" });
    await marks.close();
  });

  it("tries again after a write that failed, and says so", async () => {
    const { files, setBroken } = countingFiles();
    const { open, clock, stored, entries } = await setup(files);
    const marks = await open();
    setBroken(true);
    marks.set("a", "1");
    await marks.flush();
    expect(entries).toMatchObject([
      {
        level: "warn",
        message: "cannot write the conversation marks",
        reason: "no space left on the device",
      },
    ]);
    setBroken(false);
    await clock.advance(1_100);
    await marks.flush();
    expect(await stored()).toEqual({ a: "1" });
    await marks.close();
  });

  it.each([
    ["torn", '{ "v": 1, "marks": { "a": '],
    ["foreign", '{ "name": "something else" }'],
    ["later", '{ "v": 2, "marks": {} }'],
  ])("sets a %s file aside untouched, reports it, and starts empty", async (_, text) => {
    const { open, path, entries } = await setup();
    await (await open()).close();
    await writeFile(path, text);
    const marks = await open();
    expect(marks.entries()).toEqual([]);
    expect(entries).toMatchObject([{ level: "error", path }]);
    const names = await readdir(join(path, ".."));
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/^discord\.json\.broken-2030-01-01T00-00-00-000Z$/);
    expect(await readFile(join(path, "..", names[0] ?? ""), "utf8")).toBe(text);
    await marks.close();
  });

  it("rejects where an unreadable file cannot be set aside: it must not be overwritten", async () => {
    const files: FileOps = { ...nodeFileOps, rename: () => Promise.reject(new Error("read-only")) };
    const { open, path } = await setup(files);
    await (await open()).close();
    await writeFile(path, "torn");
    await expect(open()).rejects.toThrow("read-only");
    expect(await readFile(path, "utf8")).toBe("torn");
  });
});
