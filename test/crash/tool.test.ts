import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { INTERRUPTED } from "../../src/agents/turn-history.ts";
import { tempFolder } from "../builders/temp-folder.ts";
import { eventually } from "../contracts/recording-receiver.ts";
import type { ModelRequest } from "../fakes/model.ts";
import { testRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

const MAIN = fileURLToPath(new URL("../rig/server-with-tool.ts", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const AGENT = "---\nname: Pickle\ntools: [press]\n---\nYou are Pickle.\n";

const toolResults = ({ body }: ModelRequest) =>
  body.messages.flatMap(({ role, content }) => (role === "tool" ? [content] : []));

/** The real server with a tool of a test's own, which runs when a person asks for it. */
async function setUp(safety: "safe" | "unsafe") {
  const file = `${await tempFolder()}/runs`;
  const rig = await testRig({
    channels: ["telegram"],
    program: () => ["--import", TSX, MAIN, file, safety],
  });
  await rig.workspace.write("agents/pickle/AGENT.md", AGENT);
  rig.model.answer((request) => {
    if (request.text !== "press it") return undefined;
    const [result] = toolResults(request);
    return result === undefined
      ? { kind: "tool-call", name: "press", input: {} }
      : { kind: "text", text: `I was told: ${result}` };
  });
  await rig.start();
  const runs = async () =>
    (await readFile(file, "utf8").catch(() => "")).length / "pressed\n".length;
  const ran = (times: number) => eventually(async () => expect(await runs()).toBe(times), 15_000);
  return { rig, chat: rig.person("telegram", 1), runs, ran };
}

// Issue 3, point 9; peers #51. Protected by the look at `safeToRepeat` before a call that may have run: red without.
test("a tool that is not safe to repeat is killed while it runs, and never runs again", {
  timeout: 90_000,
}, async () => {
  const { rig, chat, runs, ran } = await setUp("unsafe");
  chat.say("press it");
  await ran(1);
  rig.server.kill();
  await rig.server.exited();
  await rig.start();
  await waitShown(chat, `I was told: ${INTERRUPTED}`);
  await waitSettled(rig);
  expect(await runs()).toBe(1);
  expect(textsOf(chat)).toEqual([`I was told: ${INTERRUPTED}`]);
  // Nor by a later start, or for a later message.
  rig.server.kill();
  await rig.server.exited();
  await rig.start();
  chat.say("hello");
  await waitShown(chat, "echo: hello");
  expect(await runs()).toBe(1);
});

test("a tool that is safe to repeat is killed while it runs, and runs again", {
  timeout: 90_000,
}, async () => {
  const { rig, chat, ran } = await setUp("safe");
  chat.say("press it");
  await ran(1);
  rig.server.kill();
  await rig.server.exited();
  await rig.start();
  await ran(2);
  expect(textsOf(chat)).toEqual([]);
});
