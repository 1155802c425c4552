import type { LanguageModelV3CallOptions, LanguageModelV3StreamPart } from "@ai-sdk/provider";
import { type Model, ModelError } from "../providers/provider.ts";
import type { Clock } from "../runtime/clock.ts";
import { startDeadline, withDeadline } from "./deadline.ts";

/** What a model said in one call. */
export interface ModelReply {
  readonly text: string;
  /** `arguments` is JSON text as the model wrote it. Ids are as the model gave them: maybe empty, maybe repeated. */
  readonly toolCalls: readonly RawToolCall[];
  readonly finish: FinishReason;
  readonly tokens: { readonly input?: number | undefined; readonly output?: number | undefined };
}

export interface RawToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

type FinishPart = Extract<LanguageModelV3StreamPart, { type: "finish" }>;
type FinishReason = FinishPart["finishReason"]["unified"];

export interface CallLimits {
  /** Longest time of one model call, ms. */
  readonly callMs: number;
  /** Longest silence within an answer that has begun, ms. */
  readonly idleMs: number;
}

export interface CallContext {
  readonly limits: CallLimits;
  readonly clock: Pick<Clock, "now" | "after">;
  readonly signal: AbortSignal;
  /** Gets each piece of text as it comes; must not throw. After a failure the text begins anew in a later call. */
  readonly onText?: ((delta: string) => void) | undefined;
}

/**
 * Calls a model and reads its whole answer. Rejects with the signal's reason when that aborts, with a transient
 * ModelError if time ran out or the answer was cut off, and with whatever the model threw otherwise.
 */
export function callModel(
  model: Model,
  options: LanguageModelV3CallOptions,
  context: CallContext,
): Promise<ModelReply> {
  const { limits, clock, signal } = context;
  const overrun = () => tooSlow(`no whole answer in ${limits.callMs} ms`);
  return withDeadline({ ms: limits.callMs, clock, signal, overrun }, async (abortSignal) => {
    const { stream } = await model.doStream({ ...options, abortSignal });
    return readReply(stream, { ...context, signal: abortSignal });
  });
}

async function readReply(
  stream: ReadableStream<LanguageModelV3StreamPart>,
  context: CallContext,
): Promise<ModelReply> {
  const toolCalls: RawToolCall[] = [];
  let text = "";
  let finish: FinishPart | undefined;
  await readParts(stream, context, (part) => {
    if (part.type === "error") throw part.error;
    if (part.type === "finish") finish = part;
    if (part.type === "tool-call" && !part.providerExecuted) toolCalls.push(toRawCall(part));
    if (part.type === "text-delta") {
      text += part.delta;
      context.onText?.(part.delta);
    }
  });
  return { text, toolCalls, ...ending(finish) };
}

function ending(finish: FinishPart | undefined): Pick<ModelReply, "finish" | "tokens"> {
  if (!finish || finish.finishReason.unified === "error") throw cutOff();
  const { inputTokens, outputTokens } = finish.usage;
  const tokens = { input: inputTokens.total, output: outputTokens.total };
  return { finish: finish.finishReason.unified, tokens };
}

async function readParts(
  stream: ReadableStream<LanguageModelV3StreamPart>,
  { limits, clock, signal }: CallContext,
  take: (part: LanguageModelV3StreamPart) => void,
): Promise<void> {
  const overrun = () => tooSlow(`silent for ${limits.idleMs} ms`);
  // One for all parts: an answer has hundreds of them.
  const silence = startDeadline({ ms: limits.idleMs, clock, signal, overrun });
  const reader = stream.getReader();
  const cancel = () => {
    // Ends a read that waits, at once, whatever the source makes of it.
    reader.cancel(silence.signal.reason).catch(() => {
      // A stream that failed has told why already; one that was read to its end has nothing to cancel.
    });
  };
  silence.signal.addEventListener("abort", cancel, { once: true });
  try {
    silence.signal.throwIfAborted();
    for (;;) {
      const { value } = await reader.read();
      silence.signal.throwIfAborted();
      if (!value) return;
      silence.prolong();
      take(value);
    }
  } catch (error) {
    silence.signal.throwIfAborted();
    throw error;
  } finally {
    // Aborts the signal, so that the stream is cancelled however the reading ended.
    silence.release();
  }
}

function toRawCall(part: Extract<LanguageModelV3StreamPart, { type: "tool-call" }>): RawToolCall {
  return { id: part.toolCallId, name: part.toolName, arguments: part.input };
}

function tooSlow(what: string): ModelError {
  return new ModelError(`Cannot get an answer from the model: ${what}`, {
    failure: { kind: "transient" },
    publicText: "The model took too long to answer. Please try again.",
  });
}

function cutOff(): ModelError {
  return new ModelError("Cannot get an answer from the model: the answer was cut off", {
    failure: { kind: "transient" },
    publicText: "The model stopped in the middle of its answer. Please try again.",
  });
}
