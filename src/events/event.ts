import * as z from "zod";
import { isSource } from "./source.ts";

/**
 * Events are facts: written once, never changed. What is learned about one later is kept in its note (`note.ts`).
 * Legal order: InboundEvent → its OutboundEvents → each leaves `pending/` when the platform has confirmed it.
 */
export type Event = InboundEvent | OutboundEvent;
export type EventType = Event["type"];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** What every event has. `id` and `v` are given by the store when it is published. */
interface Envelope {
  /** Version of this form. A higher one was written by a later my-bot. */
  readonly v: 1;
  /** 16 digits of the hybrid clock; sorts in order of acceptance. */
  readonly id: string;
  /** Idempotency key: publishing a known one again changes nothing. */
  readonly key: string;
  /** Events of one lane are handled strictly one after another. */
  readonly lane: string;
  /** UTC ms. */
  readonly timestamp: number;
}

/** A person's message, accepted and owed an answer. */
export interface InboundEvent extends Envelope {
  readonly type: "InboundEvent";
  /** Who and where, printed by `printSource`. */
  readonly source: string;
  /** Name of the channel in the configuration. */
  readonly channel: string;
  /** Where answers go. */
  readonly address: Address;
  readonly sender: Sender;
  /** The message's id on its platform. */
  readonly messageId: string;
  /** UTC ms, by the platform's clock. */
  readonly sentAt: number;
  readonly content: string;
  readonly replyTo?: RepliedMessage | undefined;
  /** What came beside the text, by name only. */
  readonly attachments?: readonly Attachment[] | undefined;
  /** True in a group; else the conversation is the sender's alone. */
  readonly group?: boolean | undefined;
  /** True for commands: they have a lane of their own and are answered while a turn is running. */
  readonly control?: boolean | undefined;
}

/** A text owed to a conversation. */
export interface OutboundEvent extends Envelope {
  readonly type: "OutboundEvent";
  readonly channel: string;
  readonly address: Address;
  readonly content: string;
  /** `reply` answers a message; `notice` tells of trouble (one that dies makes no further notice); `message` is sent unasked. */
  readonly kind: "reply" | "notice" | "message";
  /** Key of the event that caused this one. */
  readonly cause?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Kernel boot in which it was published: after another boot, unsynced notes about it may be missing. */
  readonly boot: string;
}

/** A conversation on a channel. `replyTo` is a platform message id to quote. */
export interface Address {
  readonly chat: string;
  readonly thread?: string | undefined;
  readonly replyTo?: string | undefined;
}

export interface Sender {
  readonly id: string;
  readonly name?: string | undefined;
}

export interface RepliedMessage {
  readonly messageId: string;
  readonly text?: string | undefined;
}

export interface Attachment {
  /** "photo", "voice", "document", … as a person would call it. */
  readonly kind: string;
  readonly name?: string | undefined;
}

type Unpublished<E> = E extends Event ? Omit<E, "v" | "id" | "timestamp"> : never;
/** An event before it is published: the store adds `v`, `id` and `timestamp`. */
export type NewEvent = Unpublished<Event>;

const envelope = {
  v: z.literal(1),
  id: z.string().regex(/^\d{16}$/),
  key: z.string().min(1),
  lane: z.string().min(1),
  timestamp: z.number(),
};
const address = z.object({
  chat: z.string(),
  thread: z.string().optional(),
  replyTo: z.string().optional(),
});
const inboundSchema = z.object({
  ...envelope,
  type: z.literal("InboundEvent"),
  source: z.string().refine(isSource, { error: "no source" }),
  channel: z.string(),
  address,
  sender: z.object({ id: z.string(), name: z.string().optional() }),
  messageId: z.string(),
  sentAt: z.number(),
  content: z.string(),
  replyTo: z.object({ messageId: z.string(), text: z.string().optional() }).optional(),
  attachments: z.array(z.object({ kind: z.string(), name: z.string().optional() })).optional(),
  group: z.boolean().optional(),
  control: z.boolean().optional(),
});
const outboundSchema = z.object({
  ...envelope,
  type: z.literal("OutboundEvent"),
  channel: z.string(),
  address,
  content: z.string(),
  kind: z.enum(["reply", "notice", "message"]),
  cause: z.string().optional(),
  sessionId: z.string().optional(),
  boot: z.string(),
});
const eventSchema: z.ZodType<Event> = z.discriminatedUnion("type", [inboundSchema, outboundSchema]);

/** Reads an event from its file's text. Throws with a reason that names the field. */
export function parseEvent(text: string): Event {
  const parsed = eventSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(`Cannot read the event: ${z.prettifyError(parsed.error)}`);
}

export function printEvent(event: Event): string {
  return `${JSON.stringify(event, undefined, 2)}\n`;
}

/** What a message or text may cause: each at most once, because its key is made of its cause's. */
export const EFFECTS = ["reply", "notice", "dead"] as const;

/** The key of an effect. Whoever needs another kind adds it above: settled ones are remembered by it. */
export const effectKey = (cause: string, effect: (typeof EFFECTS)[number]): string =>
  `${cause}/${effect}`;

/** The lane of everything that is sent to one conversation. */
export function outboundLane(channel: string, address: Address): string {
  return JSON.stringify([channel, address.chat, address.thread ?? ""]);
}
