import * as z from "zod";

/**
 * How `my-bot` commands talk to the running server: one JSON value a line, one request a connection.
 *
 *   → ControlRequest        ← { ok: true, result } or { ok: false, error }; then the server ends the connection
 *
 * After a `chat` request was granted it goes on: ChatSay ("say"), ChatAck ("shown"), ChatSettle → ← ChatServerFrame.
 * A reply is confirmed, and gone from `pending/`, only when its "shown" has come.
 */
export type ControlRequest = z.output<typeof requestSchema>;
export type ChatClientFrame = z.output<typeof chatClientFrameSchema>;
export type ChatServerFrame = z.output<typeof chatServerFrameSchema>;

/** Longest line from a client; a message for the bot has to fit into it. */
export const MAX_REQUEST_LENGTH = 1_000_000;
/** Longest line from the server: a list of many entries. */
export const MAX_ANSWER_LENGTH = 64_000_000;

const methods = [
  z.object({ method: z.literal("status") }),
  z.object({ method: z.literal("outbox.list") }),
  z.object({ method: z.literal("outbox.show"), ref: z.string() }),
  /** These were shown to the operator. */
  z.object({ method: z.literal("outbox.seen"), refs: z.array(z.string()) }),
  z.object({ method: z.literal("outbox.retry"), ref: z.string() }),
  z.object({ method: z.literal("outbox.discard"), ref: z.string() }),
  z.object({ method: z.literal("pair"), code: z.string() }),
  z.object({ method: z.literal("chat"), kind: z.enum(["interactive", "piped"]) }),
] as const;
export const requestSchema = z.discriminatedUnion("method", methods);

const frameNumber = z.number().int();
export const chatClientFrameSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("say"), n: frameNumber, text: z.string() }),
  /** The person has what came with this number. */
  z.object({ type: z.literal("shown"), n: frameNumber }),
  /** Asks for a `settled`. */
  z.object({ type: z.literal("settle"), n: frameNumber }),
]);
export const chatServerFrameSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("show"), n: frameNumber, text: z.string() }),
  z.object({ type: z.literal("typing") }),
  /** What was said is durable. */
  z.object({ type: z.literal("said"), n: frameNumber }),
  z.object({ type: z.literal("refused"), n: frameNumber, reason: z.string() }),
  z.object({ type: z.literal("settled"), n: frameNumber }),
]);

export const answerSchema = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);
export type ControlAnswer = z.output<typeof answerSchema>;

export const chatGrantedSchema = z.object({ agent: z.string() });
