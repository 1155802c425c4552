import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { LanguageModelV3Prompt } from "@ai-sdk/provider";
import { expect, onTestFinished } from "vitest";
import {
  runTurn,
  type TurnDeps,
  type TurnLimits,
  type TurnRequest,
} from "../../src/agents/turn.ts";
import { parseSource } from "../../src/events/source.ts";
import { asModelError } from "../../src/providers/model-errors.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { openFileSessionStore } from "../../src/sessions/file-session-store.ts";
import type { SessionStore } from "../../src/sessions/session-store.ts";
import { buildAgent } from "../builders/agent.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";
import {
  createScriptedModel,
  type ScriptedCall,
  type ScriptedModel,
} from "../fakes/scripted-model.ts";

const SOURCE = "platform-telegram:42:42";

export const LIMITS: TurnLimits = {
  callMs: 10_000,
  idleMs: 1_000,
  turnMs: 60_000,
  toolMs: 2_000,
  maxSteps: 4,
};

export interface TurnSetUp {
  readonly directory?: string;
  readonly model?: ScriptedModel;
  readonly sessions?: (store: SessionStore) => TurnDeps["sessions"];
}

/** Turns over a real session store in a folder of its own, with a scripted model and time that stands still. */
export async function setUpTurns(script: readonly ScriptedCall[], given: TurnSetUp = {}) {
  const directory = given.directory ?? join(await tempFolder(), ".history");
  const clock = createManualClock();
  const { log, entries } = createRecordingLog();
  const options = { directory, files: nodeFileOps, clock, log, newId: randomUUID };
  const store = await openFileSessionStore(options);
  onTestFinished(async () => {
    await store.close();
    expect(clock.sleeping()).toBe(0);
  });
  const model = given.model ?? createScriptedModel(script);
  const session = await store.resolve(SOURCE, "pickle");
  const deps: TurnDeps = {
    sessions: given.sessions?.(store) ?? store,
    model: async () => model,
    asModelError,
    systemPrompt: async () => "You are Pickle.",
    clock,
    log,
    limits: LIMITS,
  };
  const request: TurnRequest = {
    session,
    turn: "turn-1",
    content: "hello",
    agent: buildAgent(),
    source: parseSource(SOURCE),
    signal: new AbortController().signal,
  };
  return {
    store,
    directory,
    clock,
    model,
    session,
    deps,
    request,
    entries,
    run: (own: Partial<TurnRequest> = {}) => runTurn(deps, { ...request, ...own }),
    /** "role: content" of each line. */
    history: async () =>
      (await store.read(session.id)).map(({ role, content }) => `${role}: ${content}`),
  };
}

/** The prompt of a call without the system's part, as "role: text", calls as "name(input)", results as "=text". */
export function printPrompt(prompt: LanguageModelV3Prompt | undefined): string[] {
  return (prompt ?? []).slice(1).map((message) => {
    const { role, content } = message;
    const parts = typeof content === "string" ? [content] : content.map(printPart);
    return `${role}: ${parts.join(" ")}`;
  });
}

type Part = Exclude<LanguageModelV3Prompt[number]["content"], string>[number];

function printPart(part: Part): string {
  if (part.type === "text") return part.text;
  if (part.type === "tool-call") return `${part.toolName}(${JSON.stringify(part.input)})`;
  if (part.type !== "tool-result") return part.type;
  return "value" in part.output ? `=${String(part.output.value)}` : part.output.type;
}

/**
 * Asserts what every model's service wants: after the system's part comes a person's, person and assistant alternate
 * (a step's calls and results count as the assistant's), each call has exactly one result, right after it, nothing is
 * empty, and it is the assistant's turn to speak.
 */
export function expectAcceptable(prompt: LanguageModelV3Prompt): void {
  expect(prompt[0]?.role).toBe("system");
  let before = "assistant";
  let open: string[] = [];
  for (const message of prompt.slice(1)) {
    const parts = typeof message.content === "string" ? [] : message.content;
    expect(parts.length).toBeGreaterThan(0);
    const results = parts.flatMap((part) => (part.type === "tool-result" ? [part.toolCallId] : []));
    expect(results).toEqual(open);
    open = parts.flatMap((part) => (part.type === "tool-call" ? [part.toolCallId] : []));
    const expected = {
      assistant: ["user"],
      user: ["assistant"],
      step: ["tool"],
      tool: ["assistant"],
    };
    expect(expected[before as keyof typeof expected]).toContain(message.role);
    before = open.length > 0 ? "step" : message.role;
  }
  expect(["user", "tool"]).toContain(before);
}
