import type { LanguageModelV3Message, LanguageModelV3Prompt } from "@ai-sdk/provider";
import type { Clock } from "../runtime/clock.ts";
import type { SessionMessage, SessionStore, ToolCall } from "../sessions/session-store.ts";

export type AssistantMessage = Extract<SessionMessage, { role: "assistant" }>;
export type ToolMessage = Extract<SessionMessage, { role: "tool" }>;

/** A turn's lines, in order. Not all of them are there if it was cut off. */
export interface TurnLines {
  readonly turn: string;
  readonly lines: readonly SessionMessage[];
}

/** What it takes to add a line to a turn. */
export interface HistoryDeps {
  readonly sessions: Pick<SessionStore, "read" | "append">;
  readonly clock: Pick<Clock, "now">;
}

/** What the model said on the way to its answer, and what came of it. */
export interface Step {
  readonly message: AssistantMessage;
  readonly calls: readonly { readonly call: ToolCall; readonly result?: ToolMessage | undefined }[];
}

export const INTERRUPTED = "[interrupted: it may or may not have run]";
const FOLDED = "[read later, together with the next message]";
const UNANSWERED = "[no answer: this was interrupted]";
const SET_ASIDE = "[a message that was set aside; its text is left out]";

/** A history by turns, in the order in which they began. */
export function splitTurns(history: readonly SessionMessage[]): readonly TurnLines[] {
  const turns = new Map<string, SessionMessage[]>();
  let lines: SessionMessage[] = [];
  for (const line of history) {
    // Most lines belong to the turn of the line before them.
    if (lines[0]?.turn !== line.turn) {
      lines = turns.get(line.turn) ?? [];
      turns.set(line.turn, lines);
    }
    lines.push(line);
  }
  return [...turns].map(([turn, its]) => ({ turn, lines: its }));
}

const hasCalls = (message: AssistantMessage) => (message.toolCalls ?? []).length > 0;

/** The line that ended a turn. */
export function findEnd(lines: readonly SessionMessage[]): AssistantMessage | undefined {
  return lines.findLast(
    (line): line is AssistantMessage => line.role === "assistant" && !hasCalls(line),
  );
}

/** A message that was only read; it is so no more if its turn went on after all. */
export const isFolded = ([first, ...rest]: readonly SessionMessage[]) =>
  rest.length === 0 && first?.role === "user" && first.folded === true;

/** The process died of it, or of something that it made a model or a tool do: what it held is shown to no model again. */
function isSetAside(lines: readonly SessionMessage[]): boolean {
  const last = lines.at(-1);
  return last?.role === "assistant" && last.setAside === true;
}

/** How much of a turn is complete: what the model said, and what its tools gave. Having failed or been stopped is not. */
export function countSteps(lines: readonly SessionMessage[]): number {
  return lines.filter((line) => line.role === "tool" || (line.role === "assistant" && !line.ended))
    .length;
}

/** Results belong to the step before them: some models give the same ids in every step. */
export function findSteps(lines: readonly SessionMessage[]): readonly Step[] {
  const steps: { message: AssistantMessage; results: ToolMessage[] }[] = [];
  for (const line of lines) {
    if (line.role === "assistant" && hasCalls(line)) steps.push({ message: line, results: [] });
    if (line.role === "tool") steps.at(-1)?.results.push(line);
  }
  return steps.map(({ message, results }) => ({
    message,
    calls: (message.toolCalls ?? []).map((call) => ({
      call,
      result: results.find((result) => result.toolCallId === call.id),
    })),
  }));
}

/**
 * The history as models accept it: person and assistant alternate, and each tool call has its result. What is missing,
 * because a turn was cut off, is filled in. The turn that runs comes last, wherever it began. Of one that was set aside,
 * and of what was to be answered together with it, only is said that it was there.
 */
export function toPrompt(
  system: string,
  history: readonly TurnLines[],
  current: TurnLines,
): LanguageModelV3Prompt {
  const before = history.filter(({ turn }) => turn !== current.turn);
  return [
    { role: "system", content: system },
    ...withoutSetAside(before).flatMap(({ lines }) => pastMessages(lines)),
    ...turnMessages(current.lines),
  ];
}

function withoutSetAside(turns: readonly TurnLines[]): readonly TurnLines[] {
  if (!turns.some(({ lines }) => isSetAside(lines))) return turns;
  let setAside = false;
  const shown: TurnLines[] = [];
  // From the last one: what was folded belongs to the turn behind it.
  for (const { turn, lines } of [...turns].reverse()) {
    if (!isFolded(lines)) setAside = isSetAside(lines);
    shown.push({ turn, lines: setAside ? withoutText(lines) : lines });
  }
  return shown.reverse();
}

/** The person's line and the last one: nothing of what was said, called or found in between. */
function withoutText(lines: readonly SessionMessage[]): readonly SessionMessage[] {
  const end = findEnd(lines);
  return lines
    .filter((line) => line.role === "user" || line === end)
    .map((line) => (line.role === "user" ? { ...line, content: SET_ASIDE } : line));
}

interface PastTurn {
  readonly lines: number;
  readonly messages: readonly LanguageModelV3Message[];
}

/** By a turn's first line, for as long as the session is in memory: a long history is asked for with each message. */
const pastTurns = new WeakMap<SessionMessage, PastTurn>();

function pastMessages(lines: readonly SessionMessage[]): readonly LanguageModelV3Message[] {
  const [first] = lines;
  const known = first && pastTurns.get(first);
  // A turn's lines are only ever added to.
  if (known?.lines === lines.length) return known.messages;
  const messages = turnMessages(lines);
  if (messages.length > 0 && !findEnd(lines)) {
    messages.push(assistantText(isFolded(lines) ? FOLDED : UNANSWERED));
  }
  if (first) pastTurns.set(first, { lines: lines.length, messages });
  return messages;
}

function turnMessages(lines: readonly SessionMessage[]): LanguageModelV3Message[] {
  const user = lines.find((line) => line.role === "user");
  if (!user) return [];
  const end = findEnd(lines);
  return [
    { role: "user", content: [{ type: "text", text: user.content }] },
    ...findSteps(lines).flatMap(stepMessages),
    ...(end ? [assistantText(end.content)] : []),
  ];
}

const assistantText = (text: string): LanguageModelV3Message => ({
  role: "assistant",
  content: [{ type: "text", text }],
});

function stepMessages({ message, calls }: Step): LanguageModelV3Message[] {
  const text = message.content === "" ? [] : [{ type: "text" as const, text: message.content }];
  return [
    {
      role: "assistant",
      content: [
        ...text,
        ...calls.map(({ call }) => ({
          type: "tool-call" as const,
          toolCallId: call.id,
          toolName: call.name,
          input: readArguments(call.arguments) ?? {},
        })),
      ],
    },
    { role: "tool", content: calls.map(({ call, result }) => toolResult(call, result)) },
  ];
}

function toolResult(call: ToolCall, result: ToolMessage | undefined) {
  const failed = !result || result.failed === true;
  return {
    type: "tool-result" as const,
    toolCallId: call.id,
    toolName: call.name,
    output: {
      type: failed ? ("error-text" as const) : ("text" as const),
      value: result?.content ?? INTERRUPTED,
    },
  };
}

/** A call's arguments as an object; undefined if they are no JSON object. Many models write nothing for "none". */
export function readArguments(text: string): object | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    // The model is told, by the result of the call.
    return undefined;
  }
}
