import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openFileConversationMarks } from "../../src/channels/file-conversation-marks.ts";
import { createRuntimeConfig } from "../../src/config/runtime-config.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { describeSetAside, findSetAside } from "../../src/server/set-aside-files.ts";
import { readHolder, writeHolder } from "../../src/workspace/lock-file.ts";
import { workspacePaths } from "../../src/workspace/paths.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

async function setUp() {
  const paths = workspacePaths(await tempFolder());
  const clock = createManualClock();
  const { log } = createRecordingLog();
  const deps = { files: nodeFileOps, clock, log };
  /** Writes the file cut off at each length in turn. */
  async function atEachLength(path: string, whole: string, step: (text: string) => Promise<void>) {
    await mkdir(dirname(path), { recursive: true });
    for (let length = 0; length < whole.length; length += 1) {
      await clock.advance(1);
      await writeFile(path, whole.slice(0, length));
      await step(whole.slice(0, length));
    }
  }
  return { paths, deps, atEachLength };
}

// weaknesses.md 3.6 #10, 6.8.
// Issue 3, point 7: torn at every byte length.
describe("a small file that is cut off at any length", () => {
  test("(marks) is set aside whole, shown, and replaced by one that works", async () => {
    const { paths, deps, atEachLength } = await setUp();
    const path = join(paths.events, "marks", "discord.json");
    const whole = JSON.stringify({ v: 1, marks: { "dm/7": "100" } });
    let damaged = 0;
    await atEachLength(path, whole, async (text) => {
      const marks = await openFileConversationMarks(path, deps);
      damaged += 1;
      marks.set("dm/7", "200");
      await marks.close();
      const aside = await findSetAside(paths, nodeFileOps);
      expect(aside).toHaveLength(damaged);
      const texts = await Promise.all(
        aside.map((name) => readFile(join(paths.root, name), "utf8")),
      );
      expect(texts).toContain(text);
      expect((await openFileConversationMarks(path, deps)).get("dm/7")).toBe("200");
    });
    const [line] = describeSetAside(await findSetAside(paths, nodeFileOps));
    expect(line).toMatch(
      /^damaged or too large, and set aside: \.event\/marks\/discord\.json\.broken-.* more; /,
    );
  });

  // peers #46.
  test("(config.runtime.yaml) lets in nobody else, and is set aside before it is written", async () => {
    const { paths, deps, atEachLength } = await setUp();
    const store = createRuntimeConfig({ path: paths.runtimeConfig, ...deps });
    const whole = "owner: telegram/7\nallow:\n  telegram:\n    - '7'\n    - '8'\n";
    await atEachLength(paths.runtimeConfig, whole, async (text) => {
      const found = await store.read();
      if (found.kind === "ok") {
        const allowed = Object.values(found.value.allow).flat();
        expect(allowed.every((id) => ["7", "8"].includes(id))).toBe(true);
      }
      await store.update((now) => ({ ...now, allow: { telegram: ["9"] } }));
      expect(await store.read()).toMatchObject({
        kind: "ok",
        value: { allow: { telegram: ["9"] } },
      });
      const aside = await findSetAside(paths, nodeFileOps);
      expect(aside).toHaveLength(found.kind === "broken" ? 1 : 0);
      for (const name of aside) {
        expect(await readFile(join(paths.root, name), "utf8")).toBe(text);
        await rm(join(paths.root, name));
      }
    });
  });

  test("(lock.json) tells of nobody, and the next heartbeat replaces it", async () => {
    const { paths, atEachLength } = await setUp();
    const path = join(paths.events, "lock.json");
    const self = {
      ...{ host: "here", boot: "b", pid: 7, network: "", control: "/run/x" },
      ...{ startedAt: 1, heartbeatAt: 2 },
    };
    await mkdir(paths.events, { recursive: true });
    await writeHolder(path, self, nodeFileOps);
    const whole = (await readFile(path, "utf8")).trimEnd();
    await atEachLength(path, whole, async () => {
      expect(await readHolder(path, nodeFileOps)).toBeUndefined();
      await writeHolder(path, self, nodeFileOps);
      expect(await readHolder(path, nodeFileOps)).toEqual(self);
    });
    expect(await readdir(paths.events)).toEqual(["lock.json"]);
  });
});
