import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type AgentCatalogDeps, createAgentCatalog } from "../../src/agents/agent-catalog.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { workspacePaths } from "../../src/workspace/paths.ts";
import { buildTool } from "../builders/agent.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

async function setUp(given: Partial<AgentCatalogDeps> = {}) {
  const paths = workspacePaths(await tempFolder());
  const { log, entries } = createRecordingLog();
  const reads: string[] = [];
  const files = {
    stat: nodeFileOps.stat,
    read(path: string) {
      reads.push(path);
      return nodeFileOps.read(path);
    },
  };
  // Far in the future of every file, so that none counts as just written.
  const clock = createManualClock(Date.now() + 3_600_000);
  const catalog = createAgentCatalog({ paths, files, clock, log, tools: [buildTool()], ...given });
  const fileOf = (id: string, name = "AGENT.md") => join(paths.agents, id, name);
  async function define(id: string, text: string, soul?: string): Promise<void> {
    await mkdir(join(paths.agents, id), { recursive: true });
    await writeFile(fileOf(id), text);
    if (soul !== undefined) await writeFile(fileOf(id, "SOUL.md"), soul);
  }
  return { catalog, define, fileOf, paths, entries, reads, clock };
}

const PICKLE = "---\nname: Pickle\ndescription: A cat\n---\n\nYou are Pickle.\n";

describe("agentCatalog", () => {
  test("reads an agent with everything that it can say", async () => {
    const { catalog, define } = await setUp();
    const llm =
      "{provider: OpenAI, model: m, api_key: k, api_base: 'http://x/v1/', temperature: 0.3, max_tokens: 9}";
    await define(
      "pickle",
      `---\nname: Pickle\ndescription: A cat\nllm: ${llm}\nmax_concurrency: 3\ntools: [note]\nallow_skills: true\n---\n\nYou are.\n`,
      "# Personality\n\nSour.\n",
    );
    expect(await catalog.get("pickle")).toMatchObject({
      id: "pickle",
      name: "Pickle",
      description: "A cat",
      prompt: "You are.",
      soul: "# Personality\n\nSour.",
      llm: {
        provider: "openai",
        model: "m",
        apiKey: "k",
        apiBase: "http://x/v1",
        temperature: 0.3,
        maxTokens: 9,
      },
      maxConcurrency: 3,
      tools: [{ name: "note" }],
    });
  });

  test("has defaults for all but the name", async () => {
    const { catalog, define } = await setUp();
    await define("pickle", "---\nname: P\n---\nHi");
    expect(await catalog.get("pickle")).toEqual({
      id: "pickle",
      name: "P",
      description: "",
      prompt: "Hi",
      soul: undefined,
      llm: {},
      maxConcurrency: undefined,
      tools: [],
    });
  });

  test("fills in template variables, whole names only, and leaves unknown ones", async () => {
    const { catalog, define, paths } = await setUp();
    await define(
      "pickle",
      "---\nname: P\n---\n{{workspace}} {{agents_path}} {{skills_path}} {{crons_path}} {{memories_path}} {{history_path}} {{workspace_x}} {{ workspace }}",
    );
    const { root } = paths;
    expect((await catalog.get("pickle"))?.prompt).toBe(
      `${root} ${root}/agents ${root}/skills ${root}/crons ${root}/memories ${root}/.history {{workspace_x}} {{ workspace }}`,
    );
  });

  test("lists all agents by id", async () => {
    const { catalog, define } = await setUp();
    await define("pickle", PICKLE);
    await define("cookie", "---\nname: Cookie\n---\n");
    expect((await catalog.list()).map(({ id }) => id)).toEqual(["cookie", "pickle"]);
  });

  // weaknesses.md W-T13, W-A8, 3.6 #13: an id could lead out of the folder.
  test.each(["nobody", "../pickle", "", "Pickle", "__proto__"])("has no agent %j", async (id) => {
    const { catalog, define } = await setUp();
    await define("pickle", PICKLE);
    expect(await catalog.get(id)).toBeUndefined();
  });

  test("sees an edit at the next use, and reads nothing otherwise", async () => {
    const { catalog, define, fileOf, reads } = await setUp();
    await define("pickle", PICKLE);
    await catalog.get("pickle");
    expect(reads).toEqual([fileOf("pickle")]);
    await catalog.get("pickle");
    expect(reads).toHaveLength(1);
    await define("pickle", "---\nname: Renamed\n---\n", "Sweet.");
    expect(await catalog.get("pickle")).toMatchObject({ name: "Renamed", soul: "Sweet." });
    await rm(fileOf("pickle", "SOUL.md"));
    expect((await catalog.get("pickle"))?.soul).toBeUndefined();
  });

  test("sees an edit that leaves size and time of change as they were", async () => {
    const { catalog, define, clock, fileOf } = await setUp();
    const changed = new Date();
    clock.setNow(changed.getTime() + 1000);
    const read = async () => (await catalog.get("pickle"))?.name;
    for (const name of ["A", "B", "C", "D", "E", "F"]) {
      await define("pickle", `---\nname: ${name}\n---\n`);
      await utimes(fileOf("pickle"), changed, changed);
      expect(await read()).toBe(name);
      expect(await catalog.get("pickle")).toBe(await catalog.get("pickle"));
    }
  });

  test("finds an agent that was made after the start, and forgets one that was removed", async () => {
    const { catalog, define, fileOf } = await setUp();
    expect(await catalog.get("pickle")).toBeUndefined();
    await define("pickle", PICKLE);
    expect(await catalog.get("pickle")).toBeDefined();
    await rm(fileOf("pickle"));
    expect(await catalog.get("pickle")).toBeUndefined();
    await define("pickle", PICKLE);
    await catalog.list();
    await rm(fileOf("pickle"));
    expect(await catalog.list()).toEqual([]);
    await define("pickle", "---\nnam: broken\n---\n");
    expect(await catalog.list()).toEqual([]);
  });

  test.each([
    ["---\nnam: P\n---\n", 2, "unknown key `nam`; did you mean `name`?"],
    ["No front matter", 1, "`name` is missing; add it"],
    [
      "---\nname: P\nllm: {temperatur: 1}\n---\n",
      3,
      "unknown key `temperatur`; did you mean `temperature`?",
    ],
    ["---\nname: P\ntools: [nota]\n---\n", 3, "unknown tool `nota`; did you mean `note`?"],
    ["---\nname: P\nmax_concurrency: 0\n---\n", 3, "`max_concurrency` is 0; write at least 1"],
    [
      "---\nname: P\nllm: 5\n---\n",
      3,
      "`llm` is 5; write a mapping (lines of `key: value` under it)",
    ],
    [
      "---\nname: P\nllm: {provider: opnai}\n---\n",
      3,
      '`llm.provider` is "opnai"; did you mean `openai`?',
    ],
    [
      "---\nname: P\n\nbody",
      1,
      "the settings at the top have no end; write a line `---` after them",
    ],
    [
      "---\nname: [\n---\n",
      3,
      "this is not YAML (Flow sequence in block collection must be sufficiently indented and end with a ]); check the indentation, colons and quotes here",
    ],
  ])("skips the definition %j, says why, and has the others", async (text, line, message) => {
    const { catalog, define, fileOf, entries } = await setUp();
    await define("bad", text);
    await define("pickle", PICKLE);
    expect((await catalog.list()).map(({ id }) => id)).toEqual(["pickle"]);
    const problem = { file: fileOf("bad"), line, message };
    expect(await catalog.problems()).toEqual([problem]);
    expect(entries).toMatchObject([{ level: "warn", file: fileOf("bad"), line }]);
  });

  // weaknesses.md W-T14: an edit with a mistake silenced the agent.
  test("goes on with the last good definition when an edit broke it, and says so once", async () => {
    const { catalog, define, fileOf, entries } = await setUp();
    await define("pickle", PICKLE);
    const good = await catalog.get("pickle");
    await define("pickle", "---\nname: P\ncolour: green\n---\n");
    expect(await catalog.get("pickle")).toEqual(good);
    expect(await catalog.get("pickle")).toEqual(good);
    expect(await catalog.problems()).toMatchObject([{ file: fileOf("pickle"), line: 3 }]);
    expect(entries).toHaveLength(1);
    await define("pickle", PICKLE);
    expect(await catalog.problems()).toEqual([]);
    await define("pickle", "---\nname: P\ncolour: green\n---\n");
    expect(await catalog.get("pickle")).toEqual(good);
    expect(entries).toHaveLength(2);
  });

  test("goes on with the last good one while its file cannot be read", async () => {
    let broken = false;
    const read = (path: string) =>
      broken ? Promise.reject(new Error("input/output error")) : nodeFileOps.read(path);
    const files = { stat: nodeFileOps.stat, read };
    const { catalog, define, fileOf, entries } = await setUp({ files });
    await define("pickle", PICKLE);
    const good = await catalog.get("pickle");
    broken = true;
    await define("pickle", `${PICKLE} `);
    expect(await catalog.get("pickle")).toEqual(good);
    expect(await catalog.get("pickle")).toEqual(good);
    const message = "it cannot be read: input/output error";
    expect(await catalog.problems()).toEqual([{ file: fileOf("pickle"), message }]);
    expect(entries).toHaveLength(1);
    broken = false;
    expect(await catalog.problems()).toEqual([]);
  });

  test("puts the environment into an agent's model settings, and skips it where a name is not set", async () => {
    const expand = (text: string) => {
      if (text.includes("$GONE")) throw new Error("GONE is not set");
      return text.replace("$KEY", "secret");
    };
    const { catalog, define } = await setUp({ expand });
    await define("pickle", "---\nname: P\nllm: {api_key: $KEY}\n---\n$KEY");
    await define("gone", "---\nname: P\nllm:\n  api_key: $GONE\n---\n");
    expect(await catalog.get("pickle")).toMatchObject({
      llm: { apiKey: "secret" },
      prompt: "$KEY",
    });
    expect(await catalog.problems()).toMatchObject([
      { line: 4, message: "`llm.api_key`: GONE is not set" },
    ]);
  });

  test("reports a folder that is no agent once", async () => {
    const { catalog, define, paths, entries } = await setUp();
    await define("pickle", PICKLE);
    await mkdir(join(paths.agents, "empty"));
    await catalog.list();
    await catalog.list();
    expect(entries).toMatchObject([{ level: "warn", file: join(paths.agents, "empty") }]);
  });
});
