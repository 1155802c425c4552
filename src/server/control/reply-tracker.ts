import type { BusStep, EventBus } from "../../events/event-bus.ts";
import { hashKey, hashLane, parseEventFileName } from "../../events/event-name.ts";
import { messageTo } from "../replies.ts";

/** Tells when one conversation has all its answers. Sees only names of events, as the bus tells them. */
export interface ReplyTracker {
  /** To be called as soon as a message has its key: it may be answered before it is known to be durable. */
  expect(key: string): void;
  /** The message was not accepted after all. */
  forget(key: string): void;
  /** Resolves when every expected message is settled and whatever was sent to the conversation has arrived or is dead. */
  settled(): Promise<void>;
  stop(): void;
}

/**
 * What an event causes is published before the event itself is done, so that at the moment when the last message is
 * done, all replies that are still on their way are known.
 */
export function createReplyTracker(
  bus: Pick<EventBus, "observe">,
  to: { readonly channel: string; readonly chat: string },
): ReplyTracker {
  const lane = hashLane(messageTo(to, { key: "-", content: "-", boot: "-", kind: "message" }));
  const open = new Set<string>();
  const waiting = new Set<() => void>();

  const tellIfSettled = () => {
    if (open.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const close = (name: string) => {
    if (open.delete(name)) tellIfSettled();
  };
  const stop = bus.observe((step: BusStep) => {
    const name = parseEventFileName(step.ref);
    const isOver = step.kind === "done" || step.kind === "dead";
    if (step.type === "InboundEvent" && isOver) close(`message ${name?.key}`);
    if (step.type !== "OutboundEvent" || name?.lane !== lane) return;
    if (step.kind === "published") open.add(`reply ${step.ref}`);
    if (isOver) close(`reply ${step.ref}`);
  });

  return {
    expect: (key) => void open.add(`message ${hashKey(key)}`),
    forget: (key) => close(`message ${hashKey(key)}`),
    settled: () =>
      new Promise((resolve) => {
        waiting.add(resolve);
        tellIfSettled();
      }),
    stop,
  };
}
