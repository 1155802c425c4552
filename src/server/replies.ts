import { type Address, type InboundEvent, type NewEvent, outboundLane } from "../events/event.ts";

type NewOutbound = Extract<NewEvent, { type: "OutboundEvent" }>;

interface Text {
  readonly content: string;
  readonly boot: string;
  readonly sessionId?: string | undefined;
}

/** The one answer to a message: its key makes a second one impossible. */
export function replyTo(event: InboundEvent, text: Text): NewEvent {
  return { ...answer(event, text), key: `${event.key}/reply`, kind: "reply" };
}

/** Tells the person of trouble with their message, in place of an answer. */
export function noticeTo(event: InboundEvent, text: Text): NewEvent {
  return { ...answer(event, text), key: `${event.key}/notice`, kind: "notice" };
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
