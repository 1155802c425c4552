/** A durable place for events: what the outbox scenario compares. */
export interface Outbox {
  /** Resolves when the event survives a power cut. What it resolves with is for `acknowledge`. */
  publish(event: OutboxEvent): Promise<unknown>;
  /** The event is dealt with; need not be durable. Nothing to do where the outbox does it by itself. */
  acknowledge?(published: unknown): Promise<void>;
  /** Resolves when everything published so far is dealt with. */
  settled?(): Promise<void>;
  close(): Promise<void>;
}

export interface OutboxEvent {
  readonly key: string;
  readonly chat: string;
  readonly text: string;
}

/** In the form of the product's event files, for those who have no form of their own; about 600 bytes. */
export function eventText({ key, chat, text }: OutboxEvent): string {
  const event = {
    ...{ v: 1, id: "7128377345024000", timestamp: Date.now(), type: "InboundEvent", key },
    ...{ lane: `platform-telegram:${chat}:${chat}`, source: `platform-telegram:${chat}:${chat}` },
    ...{ channel: "telegram", address: { chat }, sender: { id: chat, name: "Ada" } },
    ...{ messageId: "7", sentAt: Date.now(), content: text },
  };
  return `${JSON.stringify(event, undefined, 2)}\n`;
}
