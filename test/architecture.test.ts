import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const inRoot = (path: string) => join(ROOT, path);

const reportSchema = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(
      z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) }),
    ),
  }),
});
type Summary = z.infer<typeof reportSchema>["summary"];

async function cruise(directory: string, folders: readonly string[]): Promise<Summary> {
  const bin = inRoot("node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = ["--config", inRoot(".dependency-cruiser.cjs"), "--output-type", "json"];
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...folders, ...config], {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  });
  return reportSchema.parse(JSON.parse(stdout)).summary;
}

/** A source tree of files that do nothing but import each other: `[from, to]`. */
async function plant(edges: readonly (readonly [string, string])[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "architecture-"));
  const files = new Map<string, string[]>();
  const lines = (path: string) => files.get(path) ?? files.set(path, []).get(path) ?? [];
  for (const [from, to] of edges) {
    const isFile = /^(src|test|web|bench)[/]/.test(to);
    if (isFile) lines(to);
    lines(from).push(`import "${isFile ? `./${relative(dirname(from), to)}` : to}";`);
  }
  for (const [path, text] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), ["export {};", ...text, ""].join("\n"));
  }
  await cp(inRoot("tsconfig.json"), join(directory, "tsconfig.json"));
  await symlink(inRoot("node_modules"), join(directory, "node_modules"));
  return directory;
}

const filesIn = async (folder: string, extension: string) =>
  (await readdir(inRoot(folder), { recursive: true })).filter((name) => name.endsWith(extension));

/** Milliseconds. A run takes three seconds alone, and many times that beside the tests that need the machine most. */
const PATIENCE = 90_000;

describe("the layers", { timeout: PATIENCE }, () => {
  test("hold for every file of src", async () => {
    const { totalCruised, violations } = await cruise(ROOT, ["src", "test", "bench"]);
    expect(violations).toEqual([]);
    // A tool that cannot read TypeScript finds no fault either, in no files.
    const files = [
      ...(await filesIn("src", ".ts")),
      ...(await filesIn("test", ".ts")),
      ...(await filesIn("bench", ".ts")),
    ];
    expect(totalCruised).toBeGreaterThanOrEqual(files.length);
    expect(files.length).toBeGreaterThan(50);
  });

  test("let a folder import lower rows only", async () => {
    const rows = [
      ["runtime"],
      ["events", "workspace", "protocol"],
      ["channels", "providers", "sessions", "schedules", "client"],
      ["agents"],
      ["commands", "gateway"],
      ["config"],
      ["server"],
      ["cli"],
    ];
    const folders = rows.flatMap((row, rank) => row.map((folder) => ({ folder, rank })));
    const pairs = folders.flatMap((from) =>
      folders
        .filter((to) => to !== from)
        .map((to) => ({ from, to, name: `src/${from.folder}/to-${to.folder}.ts` })),
    );
    const directory = await plant(pairs.map(({ name, to }) => [name, `src/${to.folder}/end.ts`]));
    try {
      const { violations } = await cruise(directory, ["src"]);
      const caught = violations
        .filter(({ rule }) => rule.name.startsWith("layer-"))
        .map(({ rule, from, to }) => [rule.name, from, to].join(" "));
      const expected = pairs
        .filter(({ from, to }) => to.rank >= from.rank)
        .map(({ from, to, name }) => `layer-${from.folder} ${name} src/${to.folder}/end.ts`);
      expect(caught.sort()).toEqual(expected.sort());
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

const FORBIDDEN = [
  ["adapters-are-strangers", "src/channels/telegram/a.ts", "src/channels/discord/wire.ts"],
  ["adapters-are-strangers", "src/providers/offline/a.ts", "src/providers/openai/b.ts"],
  ["only-roots-name-an-adapter", "src/channels/port.ts", "src/channels/telegram/channel.ts"],
  ["only-roots-name-an-adapter", "src/agents/a.ts", "src/providers/offline/model.ts"],
  ["only-roots-name-an-adapter", "src/agents/a.ts", "src/providers/create-model.ts"],
  ["only-roots-name-an-adapter", "src/server/agent-worker.ts", "src/channels/telegram/wire.ts"],
  ["gateway-names-only-websocket", "src/gateway/socket.ts", "src/channels/discord/channel.ts"],
  ["control-names-only-terminal", "src/server/control/a.ts", "src/channels/telegram/wire.ts"],
  ["control-names-only-terminal", "src/server/control/a.ts", "src/channels/create-channel.ts"],
  ["client-libraries-stay-in-their-adapter", "src/server/server.ts", "grammy"],
  ["client-libraries-stay-in-their-adapter", "src/channels/port.ts", "discord.js"],
  ["client-libraries-stay-in-their-adapter", "src/agents/a.ts", "@ai-sdk/openai"],
  ["workers-meet-only-on-the-bus", "src/server/agent-worker.ts", "src/server/channel-worker.ts"],
  ["only-workers-touch-the-bus", "src/agents/a.ts", "src/events/event-bus.ts"],
  ["only-workers-touch-the-bus", "src/channels/port.ts", "src/events/event-store.ts"],
  ["only-workers-touch-the-bus", "src/commands/a.ts", "src/events/file-store/publish.ts"],
  ["config-sees-only-options", "src/config/config.ts", "src/channels/telegram/channel.ts"],
  ["config-sees-only-options", "src/config/config.ts", "src/agents/a.ts"],
  ["parts-of-the-root-are-its-own", "src/server/agent-worker.ts", "src/server/compose-agents.ts"],
  ["config-is-read-at-the-top", "src/server/channel-worker.ts", "src/config/config.ts"],
  ["no-cycles", "src/sessions/a.ts", "src/sessions/b.ts"],
  ["src-never-imports-test", "src/server/helper.ts", "test/builders/a.ts"],
  ["src-never-imports-test", "src/server/helper.ts", "bench/a.ts"],
  ["tests-do-not-need-the-benchmark", "test/builders/a.ts", "bench/a.ts"],
  ["web-sees-only-client-and-protocol", "web/page.ts", "src/server/helper.ts"],
  ["models-are-spoken-to-directly", "src/agents/a.ts", "ai"],
  ["files-are-reached-through-file-ops", "src/workspace/a.ts", "node:fs"],
  ["files-are-reached-through-file-ops", "src/workspace/a.ts", "fs/promises"],
  ["files-are-reached-through-file-ops", "src/workspace/a.ts", "write-file-atomic"],
] as const;

const ALLOWED = [
  ["src/channels/create-channel.ts", "src/channels/telegram/channel.ts"],
  ["src/channels/telegram/channel.ts", "src/channels/telegram/client.ts"],
  ["src/channels/telegram/client.ts", "grammy"],
  ["src/config/config.ts", "src/channels/telegram/options.ts"],
  ["src/gateway/socket.ts", "src/channels/websocket/channel.ts"],
  ["src/server/server.ts", "src/channels/create-channel.ts"],
  ["src/server/server.ts", "src/server/agent-worker.ts"],
  ["src/server/server.ts", "src/config/config.ts"],
  ["src/server/server-deps.ts", "src/config/load.ts"],
  ["src/server/control/chat.ts", "src/channels/terminal/channel.ts"],
  ["src/server/server.ts", "src/server/compose-agents.ts"],
  ["src/server/compose-agents.ts", "src/providers/create-model.ts"],
  ["src/server/compose-agents.ts", "src/config/config.ts"],
  ["src/server/agent-worker.ts", "src/events/event-bus.ts"],
  ["src/server/agent-worker.ts", "src/server/agent-worker-helper.ts"],
  ["src/cli/outbox.ts", "src/events/file-store/file-event-store.ts"],
  ["src/cli/doctor.ts", "src/channels/create-channel.ts"],
  ["src/cli/doctor.ts", "src/config/config.ts"],
  ["src/cli/init.ts", "node:fs"],
  ["src/index.ts", "src/channels/telegram/channel.ts"],
  ["src/index.ts", "src/events/event-bus.ts"],
  ["src/runtime/file-ops.ts", "node:fs"],
  ["web/page.ts", "src/protocol/frames.ts"],
  ["test/a.test.ts", "src/server/server.ts"],
] as const;

/** Imports that only make the tree what the tables and tests need it to be. */
const SCENERY = [
  ["src/sessions/b.ts", "src/sessions/a.ts"],
  ["src/cli/main.ts", "src/cli/outbox.ts"],
] as const;

describe("the rules about imports", () => {
  let directory: string;
  let violations: Summary["violations"];
  /** An installed package is reported by its file; the name is enough here. */
  const isEnd = (end: string, name: string) =>
    end === name || `${end}/`.includes(`node_modules/${name}/`) || `node:${end}` === name;
  const caught = (from: string, to: string) =>
    violations
      .filter((found) => found.from === from && isEnd(found.to, to))
      .map((found) => found.rule.name);

  beforeAll(async () => {
    const faults = FORBIDDEN.map(([, from, to]) => [from, to] as const);
    directory = await plant([...faults, ...ALLOWED, ...SCENERY]);
    ({ violations } = await cruise(directory, ["src", "test", "web", "bench"]));
  }, PATIENCE);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.each(FORBIDDEN)("%s catches %s importing %s", (rule, from, to) => {
    expect(caught(from, to)).toContain(rule);
  });

  test.each(ALLOWED)("%s may import %s", (from, to) => {
    expect(caught(from, to)).toEqual([]);
  });

  test("everything-is-wired-in catches what only a test imports, and nothing else", () => {
    const unreached = violations
      .filter(({ rule }) => rule.name === "everything-is-wired-in")
      .map(({ to }) => to);
    expect(unreached).toContain("src/server/server.ts");
    expect(unreached).not.toContain("src/cli/outbox.ts");
    expect(unreached).not.toContain("src/events/file-store/file-event-store.ts");
    expect(unreached).not.toContain("src/cli/main.ts");
    expect(unreached).not.toContain("src/index.ts");
  });
});

describe("the way out", () => {
  // peers #11: reply, notice and whatever comes later go through the outbox, which alone knows what was sent.
  test("to a platform is the delivery worker's alone", async () => {
    const names: string[] = [];
    for (const name of await filesIn("src", ".ts")) {
      if (name.startsWith("channels")) continue;
      const text = await readFile(join(ROOT, "src", name), "utf8");
      if (/\.send\(|idempotencyKey/.test(text)) names.push(name);
    }
    expect(names).toEqual(["server/deliver.ts"]);
  });
});

describe("the package", () => {
  test("has a lock file that any registry can serve", async () => {
    const lock = await readFile(inRoot("package-lock.json"), "utf8");
    expect(lock).not.toMatch(/"resolved"|https?:\/\/(127|localhost)/);
  });

  test("leaves reading the environment to the command line", async () => {
    // Biome reports `process.env` (noProcessEnv) but neither of these ways around it.
    for (const name of await filesIn("src", ".ts")) {
      if (name.startsWith("cli")) continue;
      const text = await readFile(join(ROOT, "src", name), "utf8");
      expect(text, name).not.toMatch(/\benv\b[^;]*from "node:process"|process\[["']env/);
    }
  });
});

describe("bin/my-bot.cjs", () => {
  let directory: string;
  /** Runs a copy of the launcher beside a program that shows what the launcher left it. */
  async function launch(env: Record<string, string>) {
    const run = promisify(execFile)(process.execPath, [join(directory, "bin/my-bot.cjs")], { env });
    return run.then(
      ({ stdout }) => ({ code: 0, text: stdout.trim() }),
      (error) => ({ code: error.code, text: error.stderr.trim() }),
    );
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "launcher-"));
    await cp(inRoot("bin"), join(directory, "bin"), { recursive: true });
    await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test("says what to do when nothing is built", async () => {
    expect(await launch({})).toEqual({
      code: 1,
      text: "Cannot start my-bot: it is not built yet. Run: npm install",
    });
  });

  test("is CommonJS that sets the pool's size before the first import, unless it is set", async () => {
    await mkdir(join(directory, "dist/cli"), { recursive: true });
    const program = "console.log(process.env.UV_THREADPOOL_SIZE);\n";
    await writeFile(join(directory, "dist/cli/main.js"), program);
    expect(await launch({})).toEqual({ code: 0, text: "16" });
    expect(await launch({ UV_THREADPOOL_SIZE: "4" })).toEqual({ code: 0, text: "4" });

    const { bin } = z
      .object({ bin: z.record(z.string(), z.string()) })
      .parse(JSON.parse(await readFile(inRoot("package.json"), "utf8")));
    expect(bin).toEqual({ "my-bot": "bin/my-bot.cjs" });
    const source = await readFile(inRoot("bin/my-bot.cjs"), "utf8");
    const statements = source.replace(/^(#!|\/\/).*$/gm, "").replace('"use strict";', "");
    expect(statements.trim()).toMatch(/^process\.env\.UV_THREADPOOL_SIZE \|\|= "16";/);
  });
});
