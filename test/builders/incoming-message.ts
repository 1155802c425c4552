import type { IncomingMessage } from "../../src/channels/channel.ts";

let count = 0;

/** A private message "hello" from user 42, with a key and an id of its own; say only what the test is about. */
export function incomingMessage(given: Partial<IncomingMessage> = {}): IncomingMessage {
  count += 1;
  const messageId = String(1000 + count);
  return {
    key: `test:${messageId}`,
    sender: { id: "42", name: "Ada" },
    chat: { id: "42", kind: "private" },
    text: "hello",
    messageId,
    sentAt: Date.UTC(2030, 0, 1),
    addressed: true,
    ...given,
  };
}

/** A message in group -1001 by user 42 that does not address the bot. */
export function groupMessage(given: Partial<IncomingMessage> = {}): IncomingMessage {
  return incomingMessage({ chat: { id: "-1001", kind: "group" }, addressed: false, ...given });
}
