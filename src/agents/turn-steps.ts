import type { LanguageModelV3FunctionTool } from "@ai-sdk/provider";
import type { EventSource } from "../events/source.ts";
import type { Model, ModelError } from "../providers/provider.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { ToolCall } from "../sessions/session-store.ts";
import type { Agent } from "./agent.ts";
import { type CallLimits, callModel, type ModelReply, type RawToolCall } from "./model-call.ts";
import type { SystemPrompt } from "./prompt.ts";
import { runToolCall } from "./tool-call.ts";
import type { Conversation } from "./turn-conversation.ts";
import { FAILURES, type TurnEnd } from "./turn-end.ts";
import { findSteps, toPrompt } from "./turn-history.ts";

export interface StepDeps {
  /** The agent's model, with its settings. */
  readonly model: (agent: Agent) => Promise<Model>;
  readonly asModelError: (thrown: unknown) => ModelError;
  readonly systemPrompt: SystemPrompt;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: StepLimits;
}

export interface StepLimits extends CallLimits {
  /** Longest time of one tool, ms. */
  readonly toolMs: number;
  /** Most model calls in a turn, those before a restart included. */
  readonly maxSteps: number;
}

export interface StepRequest {
  readonly agent: Agent;
  readonly source: EventSource;
  /** Gets the text as it comes, words before tool calls included; must not throw. Begins anew after a retry. */
  readonly onText?: ((delta: string) => void) | undefined;
}

/** The same input may work later. Nothing of the failed model call is in the history. */
export interface Retry {
  readonly kind: "retry";
  /** How long the model's service asked to be left alone; undefined if it did not say. */
  readonly afterMs?: number | undefined;
  readonly reason: string;
  readonly publicText: string;
}

type Outcome = Extract<TurnEnd, { kind: "answered" | "failed" }> | Retry;

export interface StepContext {
  readonly request: StepRequest;
  readonly conversation: Conversation;
  readonly signal: AbortSignal;
}

/**
 * Goes from where the turn is to its end: model call, tools, model call, … Does not write the end. Rejects with the
 * signal's reason when that aborts, but not before every write that it began has ended.
 */
export async function runSteps(deps: StepDeps, context: StepContext): Promise<Outcome> {
  const { conversation } = context;
  await runOpenCalls(deps, context, { resumed: true });
  for (;;) {
    const steps = findSteps(conversation.current().lines);
    if (steps.length >= deps.limits.maxSteps) return FAILURES.tooManySteps(steps.length);
    const reply = await askModel(deps, context);
    if (reply.kind !== "reply") return reply;
    const { text, toolCalls } = reply.reply;
    if (toolCalls.length === 0) return conclude(reply.reply);
    const used = steps.flatMap(({ calls }) => calls.map(({ call }) => call.id));
    const calls = withUniqueIds(toolCalls, used);
    await conversation.append({ role: "assistant", content: text, toolCalls: calls });
    // The intent is durable before a tool runs, so that no restart runs it a second time unknowingly.
    await conversation.sync();
    await runOpenCalls(deps, context, { resumed: false });
  }
}

function conclude({ text, finish }: ModelReply): TurnEnd & { kind: "answered" | "failed" } {
  if (text.trim() !== "") return { kind: "answered", text: text.trim() };
  if (finish === "length") return FAILURES.noRoom();
  return finish === "content-filter" ? FAILURES.refused() : FAILURES.empty();
}

type Asked =
  | { readonly kind: "reply"; readonly reply: ModelReply }
  | Retry
  | Extract<TurnEnd, { kind: "failed" }>;

async function askModel(deps: StepDeps, context: StepContext): Promise<Asked> {
  const { clock, limits, log } = deps;
  const { conversation, signal, request } = context;
  const current = conversation.current();
  const system = await deps.systemPrompt(request.agent, request.source);
  const prompt = toPrompt(system, conversation.history, current);
  const began = clock.now();
  const spent = () => ({ turn: current.turn, ms: clock.now() - began });
  try {
    const model = await deps.model(request.agent);
    const options = { prompt, ...toolOptions(request.agent) };
    const call = { limits, clock, signal, onText: request.onText };
    const reply = await callModel(model, options, call);
    log.info(
      { ...spent(), model: model.modelId, finish: reply.finish, tokens: reply.tokens },
      "model call finished",
    );
    return { kind: "reply", reply };
  } catch (error) {
    signal.throwIfAborted();
    const { failure, message: reason, publicText } = deps.asModelError(error);
    log.warn({ ...spent(), failure: failure.kind, reason }, "model call failed");
    if (failure.kind === "permanent") return { kind: "failed", reason, publicText };
    return { kind: "retry", afterMs: failure.retryAfterMs, reason, publicText };
  }
}

function toolOptions({ tools }: Agent): { tools?: LanguageModelV3FunctionTool[] } {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, parameters }) => ({
      type: "function",
      name,
      description,
      inputSchema: parameters,
    })),
  };
}

/** Ids tell apart calls and what they cause; some models leave them out or repeat them. */
function withUniqueIds(calls: readonly RawToolCall[], used: readonly string[]): ToolCall[] {
  const seen = new Set(used);
  return calls.map((call) => {
    let id = call.id || "call";
    for (let n = 2; seen.has(id); n += 1) id = `${call.id || "call"}-${n}`;
    seen.add(id);
    return { ...call, id };
  });
}

/** Runs what the last step wants and has no result of, all at once. A result is written as soon as it is there. */
async function runOpenCalls(
  deps: StepDeps,
  { conversation, request, signal }: StepContext,
  { resumed }: { resumed: boolean },
): Promise<void> {
  const { clock, limits, log } = deps;
  const { turn, lines } = conversation.current();
  const calls = findSteps(lines).at(-1)?.calls ?? [];
  const open = calls.flatMap(({ call, result }) => (result ? [] : [call]));
  const options = { tools: request.agent.tools, resumed, toolMs: limits.toolMs, clock, signal };
  const settled = await Promise.allSettled(
    open.map(async (call) => {
      const began = clock.now();
      const { content, failed } = await runToolCall(call, options);
      log.info({ turn, tool: call.name, ms: clock.now() - began, failed }, "tool call finished");
      const result = { toolCallId: call.id, toolName: call.name, ...(failed ? { failed } : {}) };
      await conversation.append({ role: "tool", content, ...result });
    }),
  );
  const rejected = settled.find((one) => one.status === "rejected");
  if (rejected) throw rejected.reason;
}
