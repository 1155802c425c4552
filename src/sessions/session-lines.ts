import * as z from "zod";
import type { Session, SessionMessage } from "./session-store.ts";

/**
 * How sessions look on disk: one JSON object a line, snake_case.
 *
 *   index.jsonl          {"type":"session",…} when one is made, {"type":"clear","source","at"} when its source leaves it
 *   sessions/<id>.jsonl  the same "session" line, then one line a message
 *
 * Times are UTC ms. Fields that are not known are ignored.
 */
export type IndexLine =
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "clear"; readonly source: string; readonly at: number };

/** Ids become file names, so one that was tampered with must not leave the folder. */
const SESSION_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

const sessionSchema = z.object({
  type: z.literal("session"),
  id: z.string().regex(SESSION_ID),
  agent_id: z.string().min(1),
  source: z.string().min(1),
  created_at: z.number(),
});
const clearSchema = z.object({
  type: z.literal("clear"),
  source: z.string().min(1),
  at: z.number(),
});
const toolCallSchema = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const common = { timestamp: z.number(), turn: z.string(), content: z.string() };
const messageSchema = z.discriminatedUnion("role", [
  z.object({ ...common, role: z.literal("user"), folded: z.boolean().optional() }),
  z.object({
    ...common,
    role: z.literal("assistant"),
    tool_calls: z.array(toolCallSchema).optional(),
    ended: z.enum(["failed", "stopped"]).optional(),
    reason: z.string().optional(),
    set_aside: z.boolean().optional(),
  }),
  z.object({
    ...common,
    role: z.literal("tool"),
    tool_call_id: z.string(),
    tool_name: z.string(),
    failed: z.boolean().optional(),
  }),
]);
type MessageLine = z.infer<typeof messageSchema>;

/** A whole line. U+FFFD is escaped, so that one met when reading means bytes that are not UTF-8: damage. */
function printLine(value: unknown): string {
  return `${JSON.stringify(value).replaceAll("\uFFFD", "\\ufffd")}\n`;
}

export function printSession({ id, agentId, source, createdAt }: Session): string {
  return printLine({ type: "session", id, agent_id: agentId, source, created_at: createdAt });
}

export function printClear(source: string, at: number): string {
  return printLine({ type: "clear", source, at });
}

export function printMessage(message: SessionMessage): string {
  return printLine(toMessageLine(message));
}

function toMessageLine(message: SessionMessage): MessageLine {
  const { timestamp, turn, content } = message;
  if (message.role === "user") {
    return { timestamp, turn, role: "user", content, folded: message.folded };
  }
  if (message.role === "tool") {
    const { toolCallId, toolName, failed } = message;
    const result = { tool_call_id: toolCallId, tool_name: toolName, failed };
    return { timestamp, turn, role: "tool", content, ...result };
  }
  const { toolCalls, ended, reason, setAside: set_aside } = message;
  const tool_calls = toolCalls?.map((call) => ({
    id: call.id,
    type: "function" as const,
    function: { name: call.name, arguments: call.arguments },
  }));
  return { timestamp, turn, role: "assistant", content, tool_calls, ended, reason, set_aside };
}

/** Undefined if it is not a line of the index. */
export function parseIndexLine(json: unknown): IndexLine | undefined {
  const session = parseSession(json);
  if (session) return { kind: "session", session };
  const { data } = clearSchema.safeParse(json);
  return data && { kind: "clear", source: data.source, at: data.at };
}

export function parseSession(json: unknown): Session | undefined {
  const { data } = sessionSchema.safeParse(json);
  if (!data) return undefined;
  const { id, agent_id, source, created_at } = data;
  return { id, agentId: agent_id, source, createdAt: created_at };
}

export function parseMessage(json: unknown): SessionMessage | undefined {
  const { data } = messageSchema.safeParse(json);
  return data && fromMessageLine(data);
}

function fromMessageLine(line: MessageLine): SessionMessage {
  const { timestamp, turn, content } = line;
  const base = { timestamp, turn, content };
  if (line.role === "user") {
    return { ...base, role: "user", ...(line.folded ? { folded: true } : {}) };
  }
  if (line.role === "tool") {
    const failed = line.failed === undefined ? {} : { failed: line.failed };
    const result = { toolCallId: line.tool_call_id, toolName: line.tool_name, ...failed };
    return { ...base, role: "tool", ...result };
  }
  const toolCalls = line.tool_calls?.map((call) => ({ id: call.id, ...call.function }));
  return {
    ...base,
    role: "assistant",
    ...(toolCalls ? { toolCalls } : {}),
    ...(line.ended ? { ended: line.ended } : {}),
    ...(line.reason === undefined ? {} : { reason: line.reason }),
    ...(line.set_aside ? { setAside: true } : {}),
  };
}
