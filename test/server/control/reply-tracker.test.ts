import { describe, expect, it } from "vitest";
import type { NewEvent } from "../../../src/events/event.ts";
import type { BusStep } from "../../../src/events/event-bus.ts";
import { eventFileName } from "../../../src/events/event-name.ts";
import { createReplyTracker } from "../../../src/server/control/reply-tracker.ts";
import { messageTo } from "../../../src/server/replies.ts";

/** The bus, as far as it tells what happens. */
function observable() {
  const listeners = new Set<(step: BusStep) => void>();
  return {
    listeners,
    observe(listener: (step: BusStep) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(kind: BusStep["kind"], type: BusStep["type"], ref: string) {
      for (const listener of listeners) listener({ kind, type, ref });
    },
  };
}

let count = 0;
const nextId = () => {
  count += 1;
  return String(count).padStart(16, "0");
};
const reply = (chat: string) =>
  eventFileName(
    nextId(),
    messageTo(
      { channel: "terminal", chat },
      { key: `r${count}`, content: "x", boot: "b", kind: "message" },
    ),
  );
const message = (key: string) => {
  const event: NewEvent = {
    type: "InboundEvent",
    key,
    lane: "platform-cli:cli-user",
    source: "platform-cli:cli-user",
    channel: "terminal",
    address: { chat: "pipe-1" },
    sender: { id: "cli-user" },
    messageId: key,
    sentAt: 0,
    content: "hi",
  };
  return eventFileName(nextId(), event);
};

/** Whether the promise has resolved by now. */
async function isResolved(promise: Promise<void>): Promise<boolean> {
  let resolved = false;
  void promise.then(() => {
    resolved = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return resolved;
}

describe("reply tracker", () => {
  const start = () => {
    const bus = observable();
    return { bus, tracker: createReplyTracker(bus, { channel: "terminal", chat: "pipe-1" }) };
  };

  it("is settled while nothing was said", async () => {
    expect(await isResolved(start().tracker.settled())).toBe(true);
  });

  it("waits for each message to be done and each of its replies to be delivered", async () => {
    const { bus, tracker } = start();
    tracker.expect("terminal/1/1");
    const settled = tracker.settled();
    const [asked, first, second] = [message("terminal/1/1"), reply("pipe-1"), reply("pipe-1")];
    bus.tell("published", "OutboundEvent", first);
    bus.tell("published", "OutboundEvent", second);
    bus.tell("done", "InboundEvent", asked);
    bus.tell("done", "OutboundEvent", first);
    expect(await isResolved(settled)).toBe(false);
    bus.tell("done", "OutboundEvent", second);
    expect(await isResolved(settled)).toBe(true);
  });

  it("is settled by a message without a reply, and by dead letters", async () => {
    const { bus, tracker } = start();
    tracker.expect("terminal/1/1");
    tracker.expect("terminal/1/2");
    const settled = tracker.settled();
    const notice = reply("pipe-1");
    bus.tell("done", "InboundEvent", message("terminal/1/1"));
    bus.tell("published", "OutboundEvent", notice);
    bus.tell("dead", "InboundEvent", message("terminal/1/2"));
    expect(await isResolved(settled)).toBe(false);
    bus.tell("dead", "OutboundEvent", notice);
    expect(await isResolved(settled)).toBe(true);
  });

  // weaknesses.md W-L8.
  it("pays no attention to other conversations", async () => {
    const { bus, tracker } = start();
    bus.tell("published", "OutboundEvent", reply("pipe-2"));
    tracker.expect("terminal/1/1");
    const settled = tracker.settled();
    bus.tell("done", "InboundEvent", message("terminal/2/1"));
    expect(await isResolved(settled)).toBe(false);
    bus.tell("done", "InboundEvent", message("terminal/1/1"));
    expect(await isResolved(settled)).toBe(true);
  });

  it("does not wait for a message that was not accepted", async () => {
    const { tracker } = start();
    tracker.expect("terminal/1/1");
    const settled = tracker.settled();
    tracker.forget("terminal/1/1");
    expect(await isResolved(settled)).toBe(true);
  });

  it("listens no more after it was stopped", () => {
    const { bus, tracker } = start();
    tracker.stop();
    expect(bus.listeners.size).toBe(0);
  });
});
