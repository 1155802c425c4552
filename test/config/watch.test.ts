import fs from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { watchConfig } from "../../src/config/watch.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

async function watched(onChange: (text: string) => Promise<void> = async () => {}) {
  const folder = await tempFolder();
  const config = join(folder, "config.user.yaml");
  await fs.writeFile(config, "a: 1\n");
  const seen: string[] = [];
  const { log, entries } = createRecordingLog();
  const watcher = await watchConfig({
    paths: [config, join(folder, ".env")],
    files: nodeFileOps,
    clock: systemClock,
    log,
    async onChange() {
      const text = await fs.readFile(config, "utf8").catch(() => "gone");
      seen.push(text);
      await onChange(text);
    },
  });
  onTestFinished(watcher.close);
  return { folder, config, seen, entries, ...watcher };
}

const until = { timeout: 10_000, interval: 20 };
/** Longer than a change takes to be noticed; nothing waits for it but the proof that nothing comes. */
const quiet = () => delay(600);

describe("watchConfig", () => {
  test("notices an edit in place", async () => {
    const { config, seen } = await watched();
    await fs.writeFile(config, "a: 2\n");
    await expect.poll(() => seen, until).toEqual(["a: 2\n"]);
  });

  // weaknesses.md W-C8, 3.6 #11: only edits in place were noticed.
  test("notices editors that save by rename, again and again", async () => {
    const { folder, config, seen } = await watched();
    for (const text of ["a: 2\n", "a: 3\n", "a: 4\n"]) {
      await fs.writeFile(join(folder, ".config.swp"), text);
      await fs.rename(join(folder, ".config.swp"), config);
      await expect.poll(() => seen.at(-1), until).toBe(text);
    }
    expect(seen).toHaveLength(3);
  });

  test("notices editors that move the old file away first", async () => {
    const { folder, config, seen } = await watched();
    await fs.rename(config, join(folder, "config.user.yaml~"));
    await fs.writeFile(config, "a: 2\n");
    await expect.poll(() => seen.at(-1), until).toBe("a: 2\n");
  });

  test("notices a file that comes back long after it was removed, and edits after that", async () => {
    const { config, seen } = await watched();
    await fs.rm(config);
    await expect.poll(() => seen.at(-1), until).toBe("gone");
    await quiet();
    for (const text of ["a: 2\n", "a: 3\n"]) {
      await fs.writeFile(config, text);
      await expect.poll(() => seen.at(-1), until).toBe(text);
    }
  });

  test("notices a file that was not there before", async () => {
    const { folder, seen } = await watched();
    await fs.writeFile(join(folder, ".env"), "TOKEN=1\n");
    await expect.poll(() => seen.length, until).toBe(1);
  });

  test("notices that a file is gone", async () => {
    const { config, seen } = await watched();
    await fs.rm(config);
    await expect.poll(() => seen, until).toEqual(["gone"]);
  });

  test("takes several quick saves for one change", async () => {
    const { config, seen } = await watched();
    for (let n = 2; n <= 6; n += 1) await fs.writeFile(config, `a: ${n}\n`);
    await expect.poll(() => seen.at(-1), until).toBe("a: 6\n");
    await quiet();
    expect(seen).toEqual(["a: 6\n"]);
  });

  test("does not take a touched file, or another file, for a change", async () => {
    const { folder, config, seen } = await watched();
    await fs.utimes(config, new Date(), new Date());
    await fs.writeFile(config, "a: 1\n");
    await fs.writeFile(join(folder, "other.yaml"), "b: 1\n");
    await fs.mkdir(join(folder, ".event"));
    await fs.writeFile(join(folder, ".event/x.json"), "{}");
    await quiet();
    expect(seen).toEqual([]);
  });

  test("runs one reload at a time, and another for what changed meanwhile", async () => {
    let running = 0;
    let most = 0;
    const { config, seen } = await watched(async (text) => {
      running += 1;
      most = Math.max(most, running);
      if (text === "a: 2\n") await fs.writeFile(config, "a: 3\n");
      await delay(300);
      running -= 1;
    });
    await fs.writeFile(config, "a: 2\n");
    await expect.poll(() => seen, until).toEqual(["a: 2\n", "a: 3\n"]);
    expect(most).toBe(1);
  });

  test("says nothing any more once it is closed", async () => {
    const { config, seen, close } = await watched();
    await close();
    await fs.writeFile(config, "a: 2\n");
    await quiet();
    expect(seen).toEqual([]);
  });
});
