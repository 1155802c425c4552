import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LanguageModelV3CallOptions } from "@ai-sdk/provider";
import { expect, test } from "vitest";
import { buildAgent, buildTool } from "../builders/agent.ts";
import { tempFolder } from "../builders/temp-folder.ts";
import { createScriptedModel, type ScriptedCall, says, wants } from "../fakes/scripted-model.ts";
import { expectAcceptable, setUpTurns } from "./turn-harness.ts";

const STEPS: readonly ScriptedCall[] = [
  wants({ id: "a", name: "send" }, { id: "b", name: "look" }),
  wants({ id: "c", name: "send" }),
  says("All done."),
];

/** Says what comes after the steps that it is shown, as a model does that remembers nothing. */
function nextStep({ prompt }: LanguageModelV3CallOptions): ScriptedCall | undefined {
  expectAcceptable(prompt);
  const asked = prompt.findLastIndex(({ role }) => role === "user");
  return STEPS[prompt.slice(asked).filter(({ role }) => role === "assistant").length];
}

/** Runs the turn in a copy of a history whose session file has these bytes, as after a kill. */
async function runAfterKill(history: string, sessionId: string, bytes: Uint8Array) {
  const directory = join(await tempFolder(), ".history");
  await mkdir(directory);
  await cp(history, directory, { recursive: true });
  await writeFile(join(directory, "sessions", `${sessionId}.jsonl`), bytes);
  const send = buildTool({ name: "send" });
  const look = buildTool({ name: "look", safeToRepeat: true });
  const model = createScriptedModel(nextStep);
  const turns = await setUpTurns([], { directory, model });
  const before = await turns.store.read(turns.session.id);
  const agent = buildAgent({ tools: [send, look] });
  return { ...turns, before, send, look, agent, result: await turns.run({ agent }) };
}

async function fullRun() {
  const tools = [buildTool({ name: "send" }), buildTool({ name: "look", safeToRepeat: true })];
  const model = createScriptedModel(nextStep);
  const { run, directory, session } = await setUpTurns([], { model });
  await run({ agent: buildAgent({ tools }) });
  const bytes = await readFile(join(directory, "sessions", `${session.id}.jsonl`));
  return { directory, sessionId: session.id, bytes };
}

// peers #51.
// weaknesses.md W-T3, 6.6: a retry ran the tools again.
test("runTurn comes to the same answer after a kill at any write, and runs no unsafe tool twice", async () => {
  const { directory, sessionId, bytes } = await fullRun();
  const header = bytes.indexOf("\n") + 1;
  const cuts = new Set<number>();
  // Every end of a line, the byte before and after it, and some within.
  for (let at = header; at !== 0; at = bytes.indexOf("\n", at) + 1) {
    for (const cut of [at - 1, at, at + 1, at + 40]) cuts.add(Math.min(cut, bytes.length));
  }
  for (const cut of cuts) {
    const { result, before, send, look, history, model, run, agent, session, store } =
      await runAfterKill(directory, sessionId, bytes.subarray(0, cut));
    expect(result).toEqual({ kind: "answered", text: "All done." });

    const wanted = before.flatMap((line) =>
      line.role === "assistant" ? (line.toolCalls ?? []) : [],
    );
    const sent = wanted.filter(({ name }) => name === "send").length;
    // What was wanted before the kill may have run; only what was not wanted yet runs now.
    expect(send.runs).toHaveLength(2 - sent);
    const looked = before.some((line) => line.role === "tool" && line.toolName === "look");
    expect(look.runs).toHaveLength(looked ? 0 : 1);

    const roles = (await history()).map((line) => line.split(":")[0]);
    expect(roles).toEqual(["user", "assistant", "tool", "tool", "assistant", "tool", "assistant"]);

    const calls = model.asked.length;
    expect(await run({ agent })).toEqual(result);
    expect(model.asked).toHaveLength(calls);
    expect(await store.read(session.id)).toHaveLength(roles.length);
  }
  expect(cuts.size).toBeGreaterThan(20);
});
