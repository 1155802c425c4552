import { backoffMs } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { EventStore, Stored } from "../event-store.ts";
import type { Settling } from "./handle-event.ts";

interface SettleDeps {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly abort: AbortSignal;
  /** Gives durable events their place in the order; they are handed out only after `release`. */
  readonly hold: (stored: readonly Stored[]) => void;
  readonly release: (stored: readonly Stored[]) => void;
}

const SETTLE_BACKOFF = { firstMs: 200, maxMs: 10_000 };

/**
 * Crash-atomic by order: what was emitted is durable; then the event is settled by one rename; only then do the
 * emitted events reach their consumers. A step that fails is tried again, and the event is never handled again for it.
 * Rejects only when `abort` ends the attempts: the event then stays owed, and its keys stop what was emitted twice.
 */
export async function settleEvent(deps: SettleDeps, settling: Settling): Promise<void> {
  const { ref, event, emit, beside, dead } = settling;
  const stored: Stored[] = [];
  const published = untilDone(deps, ref, async () => {
    const published = await deps.store.publish(emit, { settling: true });
    deps.hold(published.stored);
    stored.push(...published.stored);
    if (published.error) throw published.error;
  });
  await Promise.all([published, beside && untilDone(deps, ref, beside)]);
  if (dead) await untilDone(deps, ref, () => deps.store.writeNote(ref, dead, { sync: true }));
  // An inbound event that is back after a power cut is stopped by its keys; a delivered one would be sent again.
  const sync = event.type === "OutboundEvent" || dead !== undefined;
  await untilDone(deps, ref, () => deps.store.settle(ref, dead ? "failed" : "done", { sync }));
  deps.release(stored);
}

async function untilDone(deps: SettleDeps, ref: string, step: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      deps.log.error({ event: ref, attempt, err: error }, "cannot settle an event; trying again");
      await deps.clock.sleep(
        backoffMs(attempt, { ...SETTLE_BACKOFF, random: deps.random }),
        deps.abort,
      );
    }
  }
}
