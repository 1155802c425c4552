import type { SessionMessage, ToolCall } from "../../src/sessions/session-store.ts";

type Of<R extends SessionMessage["role"]> = Extract<SessionMessage, { role: R }>;
type Given<R extends SessionMessage["role"]> = Partial<Omit<Of<R>, "role">>;

const base = { turn: "turn-1", timestamp: Date.UTC(2030, 0, 1), content: "hello" };

export const userLine = (given: Given<"user"> = {}): Of<"user"> => ({
  ...base,
  role: "user",
  ...given,
});

export const assistantLine = (given: Given<"assistant"> = {}): Of<"assistant"> => ({
  ...base,
  role: "assistant",
  ...given,
});

export const toolLine = (given: Given<"tool"> = {}): Of<"tool"> => ({
  ...base,
  role: "tool",
  toolCallId: "call-1",
  toolName: "note",
  ...given,
});

export const toolCall = (given: Partial<ToolCall> = {}): ToolCall => ({
  id: "call-1",
  name: "note",
  arguments: "{}",
  ...given,
});
