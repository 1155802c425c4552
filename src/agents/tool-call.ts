import type { Clock } from "../runtime/clock.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { ToolCall } from "../sessions/session-store.ts";
import { withDeadline } from "./deadline.ts";
import type { Tool } from "./tool.ts";
import { INTERRUPTED, readArguments } from "./turn-history.ts";

/** What the model is told about a call. */
export interface ToolResult {
  readonly content: string;
  readonly failed: boolean;
}

export interface ToolCallContext {
  readonly tools: readonly Tool[];
  /** The call may have run before, in a process that died. */
  readonly resumed: boolean;
  readonly toolMs: number;
  readonly clock: Pick<Clock, "now" | "after">;
  readonly signal: AbortSignal;
}

/** Longest result that the model is shown, in UTF-16 units. */
const MAX_LENGTH = 10_000;

/** Runs a tool. Failures are results; rejects only with the signal's reason, when that aborts. */
export async function runToolCall(call: ToolCall, context: ToolCallContext): Promise<ToolResult> {
  const prepared = prepare(call, context);
  if (prepared.kind === "result") return prepared.result;
  const { toolMs, clock, signal } = context;
  const overrun = () =>
    new Error(`it did not end in ${toolMs / 1000} s, and may have had an effect`);
  try {
    const { tool, input } = prepared;
    const options = { ms: toolMs, clock, signal, overrun };
    const content = await withDeadline(options, (abort) => tool.run(input, { signal: abort }));
    return { content: capped(content) || "(no output)", failed: false };
  } catch (error) {
    signal.throwIfAborted();
    return failure(`Error executing tool: ${errorMessage(error)}`);
  }
}

type Prepared =
  | { readonly kind: "run"; readonly tool: Tool; readonly input: object }
  | { readonly kind: "result"; readonly result: ToolResult };

function prepare(call: ToolCall, { tools, resumed }: ToolCallContext): Prepared {
  const tool = tools.find(({ name }) => name === call.name);
  if (resumed && !tool?.safeToRepeat) return { kind: "result", result: failure(INTERRUPTED) };
  if (!tool) return { kind: "result", result: failure(`Tool not found: ${call.name}`) };
  const input = readArguments(call.arguments);
  if (!input) {
    return { kind: "result", result: failure("Error: the arguments are not a JSON object") };
  }
  return { kind: "run", tool, input };
}

const failure = (content: string): ToolResult => ({ content: capped(content), failed: true });

function capped(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  // Half a surrogate pair is no character.
  const kept = text.slice(0, MAX_LENGTH).replace(/[\uD800-\uDBFF]$/, "");
  return `${kept}\n\n[Truncated - original size: ${text.length} chars]`;
}
