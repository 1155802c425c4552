import {
  type Address,
  effectKey,
  type InboundEvent,
  type NewEvent,
  outboundLane,
} from "../events/event.ts";
import type { Outcome } from "../events/outcome.ts";
import type { SessionStore } from "../sessions/session-store.ts";

type NewOutbound = Extract<NewEvent, { type: "OutboundEvent" }>;

interface Text {
  readonly content: string;
  readonly boot: string;
  readonly sessionId?: string | undefined;
}

/** The one answer to a message: its key makes a second one impossible. */
function replyTo(event: InboundEvent, text: Text): NewEvent {
  return { ...answer(event, text), key: effectKey(event.key, "reply"), kind: "reply" };
}

/** Tells the person of trouble with their message, in place of an answer. */
export function noticeTo(event: InboundEvent, text: Text): NewEvent {
  return { ...answer(event, text), key: effectKey(event.key, "notice"), kind: "notice" };
}

export interface Answer {
  readonly text: string;
  /** Whose lines are to be durable too. */
  readonly sessionId?: string | undefined;
  /** Tells of trouble instead of answering. */
  readonly notice?: boolean;
}

/** The message is handled, and this is what its sender gets. */
export function answerWith(
  { boot, sessions }: { readonly boot: string; readonly sessions: Pick<SessionStore, "sync"> },
  event: InboundEvent,
  { text: content, sessionId, notice }: Answer,
): Outcome {
  const text = { content, boot, sessionId };
  const emit = [notice ? noticeTo(event, text) : replyTo(event, text)];
  if (sessionId === undefined) return { kind: "done", emit };
  return { kind: "done", emit, beside: () => sessions.sync(sessionId) };
}

function answer(
  event: InboundEvent,
  { content, boot, sessionId }: Text,
): Omit<NewOutbound, "key" | "kind"> {
  return {
    type: "OutboundEvent",
    lane: outboundLane(event.channel, event.address),
    channel: event.channel,
    address: event.address,
    content,
    cause: event.key,
    ...(sessionId === undefined ? {} : { sessionId }),
    boot,
  };
}

/** Where a person asked to be told of trouble. */
export interface Owner {
  readonly channel: string;
  readonly chat: string;
}

/** A text that nobody asked for. */
export function messageTo(
  { channel, chat }: Owner,
  text: { key: string; content: string; boot: string; kind: "notice" | "message" },
): NewEvent {
  const address: Address = { chat };
  return { type: "OutboundEvent", lane: outboundLane(channel, address), channel, address, ...text };
}
