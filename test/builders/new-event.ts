import { type NewEvent, outboundLane } from "../../src/events/event.ts";

type NewInbound = Extract<NewEvent, { type: "InboundEvent" }>;
type NewOutbound = Extract<NewEvent, { type: "OutboundEvent" }>;

/** "hello" from Telegram user 42 with this key, in a lane of that chat; say only what the test is about. */
export function newInbound(key: string, given: Partial<NewInbound> = {}): NewInbound {
  return {
    type: "InboundEvent",
    key,
    lane: "platform-telegram:42:42",
    source: "platform-telegram:42:42",
    channel: "telegram",
    address: { chat: "42" },
    sender: { id: "42", name: "Ada" },
    messageId: "7",
    sentAt: Date.UTC(2030, 0, 1),
    content: "hello",
    ...given,
  };
}

/** The reply "hi" to Telegram chat 42 with this key. */
export function newOutbound(key: string, given: Partial<NewOutbound> = {}): NewOutbound {
  const address = given.address ?? { chat: "42" };
  return {
    type: "OutboundEvent",
    key,
    lane: outboundLane("telegram", address),
    channel: "telegram",
    address,
    content: "hi",
    kind: "reply",
    boot: "boot-1",
    ...given,
  };
}
