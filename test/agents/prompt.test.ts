import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isoTimeIn, localTimeZone } from "../../src/agents/local-time.ts";
import { createSystemPrompt } from "../../src/agents/prompt.ts";
import { createCurrentTime } from "../../src/agents/tools/current-time.ts";
import { type EventSource, parseSource } from "../../src/events/source.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { workspacePaths } from "../../src/workspace/paths.ts";
import { buildAgent } from "../builders/agent.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

const TELEGRAM = parseSource("platform-telegram:42:42");

async function setUp() {
  const paths = workspacePaths(await tempFolder());
  const clock = createManualClock(Date.UTC(2030, 0, 2, 3, 4, 5));
  const { log, entries } = createRecordingLog();
  const prompt = createSystemPrompt({ paths, files: nodeFileOps, clock, log });
  return { root: paths.root, clock, prompt, entries };
}

test("systemPrompt has all layers in order", async () => {
  const { root, clock, prompt } = await setUp();
  await writeFile(join(root, "BOOTSTRAP.md"), "# Workspace\n\n{{workspace}} {{unknown}}\n");
  await writeFile(join(root, "AGENTS.md"), "# Agents\n");
  const zone = localTimeZone();
  expect(await prompt(buildAgent({ prompt: "You are Pickle.", soul: "Sour." }), TELEGRAM)).toBe(
    [
      "You are Pickle.",
      "## Personality\n\nSour.",
      `# Workspace\n\n${root} {{unknown}}`,
      "# Agents",
      `## Runtime\n\nAgent: pickle\nTime: ${isoTimeIn(zone, clock.now()).replace(/:05(?=[+-])/, "")} (${zone})`,
      "You are responding via telegram.",
    ].join("\n\n"),
  );
});

test("systemPrompt stays the same for a minute, and for a day where the agent can ask for the time", async () => {
  const { clock, prompt } = await setUp();
  const plain = buildAgent();
  const asking = buildAgent({ tools: [createCurrentTime(clock)] });
  const [first, firstAsking] = [await prompt(plain, TELEGRAM), await prompt(asking, TELEGRAM)];
  clock.setNow(clock.now() + 50_000);
  expect(await prompt(plain, TELEGRAM)).toBe(first);
  clock.setNow(clock.now() + 60_000);
  expect(await prompt(plain, TELEGRAM)).not.toBe(first);
  expect(await prompt(asking, TELEGRAM)).toBe(firstAsking);
  expect(firstAsking).toMatch(/Time: 2030-01-0\d \(.+\); current_time tells the hour/);
  clock.setNow(clock.now() + 86_400_000);
  expect(await prompt(asking, TELEGRAM)).not.toBe(firstAsking);
});

test("systemPrompt leaves out what there is not", async () => {
  const { prompt } = await setUp();
  const text = await prompt(buildAgent(), TELEGRAM);
  expect(text).toMatch(
    /^You are Pickle\.\n\n## Runtime\n\nAgent: pickle\nTime: \S+ \(.+\)\n\nYou /,
  );
});

const hints: [EventSource, string][] = [
  [parseSource("platform-ws:me"), "You are responding via ws."],
  [parseSource("platform-telegram@second:1:2"), "You are responding via telegram."],
  [parseSource("cron:daily"), "You are running as a background cron job."],
  [parseSource("agent:pickle"), "You are running as a dispatched subagent."],
];
test.each(hints)("systemPrompt says where the answer to %j goes", async (source, hint) => {
  const { prompt } = await setUp();
  expect(await prompt(buildAgent(), source)).toContain(hint);
});

test("systemPrompt goes without a file that cannot be read, and says so", async () => {
  const { root, prompt, entries } = await setUp();
  await mkdir(join(root, "BOOTSTRAP.md"));
  expect(await prompt(buildAgent(), TELEGRAM)).toContain("You are Pickle.");
  expect(entries).toEqual([]);
  const files = { stat: nodeFileOps.stat, read: () => Promise.reject(new Error("EIO")) };
  await writeFile(join(root, "AGENTS.md"), "x");
  const { log, entries: reported } = createRecordingLog();
  const paths = workspacePaths(root);
  const broken = createSystemPrompt({ paths, files, clock: createManualClock(), log });
  expect(await broken(buildAgent(), TELEGRAM)).toContain("You are Pickle.");
  expect(reported).toMatchObject([{ level: "warn", file: join(root, "AGENTS.md") }]);
});

test.each([
  ["Europe/Berlin", Date.UTC(2030, 6, 1, 12), "2030-07-01T14:00:00+02:00"],
  ["Europe/Berlin", Date.UTC(2029, 11, 31, 23, 30), "2030-01-01T00:30:00+01:00"],
  ["Asia/Kathmandu", Date.UTC(2030, 0, 1), "2030-01-01T05:45:00+05:45"],
  ["UTC", Date.UTC(2030, 0, 1), "2030-01-01T00:00:00+00:00"],
])("isoTimeIn tells the time in %s", (zone, at, text) => {
  expect(isoTimeIn(zone, at)).toBe(text);
  expect(new Date(text).getTime()).toBe(at);
});
