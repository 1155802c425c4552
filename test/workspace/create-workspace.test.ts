import fs from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type FileOps, nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createWorkspace, shippedWorkspace } from "../../src/workspace/create-workspace.ts";
import { tempFolder } from "../builders/temp-folder.ts";

const ALL = [
  ".env.example",
  "AGENTS.md",
  "BOOTSTRAP.md",
  "agents/pickle/AGENT.md",
  "agents/pickle/SOUL.md",
  "config.example.yaml",
  "config.user.yaml",
];

describe("createWorkspace", () => {
  test("copies every file that ships, for its owner's eyes only", async () => {
    const root = join(await tempFolder(), "new", "workspace");
    expect(await createWorkspace(root, { files: nodeFileOps })).toEqual({ created: ALL, kept: [] });
    for (const path of ALL) {
      const [copy, original] = [join(root, path), join(shippedWorkspace, path)];
      expect(await fs.readFile(copy, "utf8")).toBe(await fs.readFile(original, "utf8"));
      expect((await fs.stat(copy)).mode & 0o777).toBe(0o600);
    }
    for (const folder of [root, join(root, "agents"), join(root, "agents/pickle")]) {
      expect((await fs.stat(folder)).mode & 0o777).toBe(0o700);
    }
  });

  test("never touches what is there", async () => {
    const root = await tempFolder();
    await fs.writeFile(join(root, "AGENTS.md"), "mine");
    const { created, kept } = await createWorkspace(root, { files: nodeFileOps });
    expect(kept).toEqual(["AGENTS.md"]);
    expect(created).toHaveLength(ALL.length - 1);
    expect(await fs.readFile(join(root, "AGENTS.md"), "utf8")).toBe("mine");
    expect((await createWorkspace(root, { files: nodeFileOps })).created).toEqual([]);
  });

  test("writes the configuration last, so that a workspace with one is whole", async () => {
    const root = await tempFolder();
    const written: string[] = [];
    const files: FileOps = {
      ...nodeFileOps,
      async replace(path, data, options) {
        if (written.length === 3) throw new Error("killed here");
        written.push(path);
        await nodeFileOps.replace(path, data, options);
      },
    };
    await expect(createWorkspace(root, { files })).rejects.toThrow("killed here");
    await expect(fs.stat(join(root, "config.user.yaml"))).rejects.toThrow("ENOENT");
    const { created, kept } = await createWorkspace(root, { files: nodeFileOps });
    expect([kept.length, created.at(-1)]).toEqual([3, "config.user.yaml"]);
  });
});
