import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BusStep } from "../../src/events/event-bus.ts";
import { watchLoopDelay } from "../../src/server/loop-delay.ts";

function setUp() {
  const listeners = new Set<(step: BusStep) => void>();
  const loopDelay = watchLoopDelay({
    observe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  const tell = (kind: BusStep["kind"]) => {
    for (const listener of listeners) listener({ kind, ref: "ref", type: "InboundEvent" });
  };
  return { loopDelay, tell };
}

function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

test("watchLoopDelay tells how late the loop was while events were handled", async () => {
  const { loopDelay, tell } = setUp();
  tell("started");
  await delay(60);
  block(200);
  await delay(60);
  tell("done");
  expect(loopDelay().maxMs).toBeGreaterThanOrEqual(150);
  expect(loopDelay().p99Ms).toBeGreaterThanOrEqual(150);
});

test("watchLoopDelay takes no idle time for a delay, and none of it into account", async () => {
  const { loopDelay, tell } = setUp();
  tell("started");
  await delay(60);
  tell("waiting");
  const { maxMs } = loopDelay();
  await delay(300);
  block(300);
  await delay(60);
  tell("started");
  await delay(60);
  tell("dead");
  expect(loopDelay().maxMs).toBeLessThan(maxMs + 250);
});
