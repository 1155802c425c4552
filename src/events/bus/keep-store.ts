import type { Clock } from "../../runtime/clock.ts";
import { errorMessage } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { EventStore } from "../event-store.ts";

interface KeepDeps {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly log: Log;
}

const WHILE_WELL_MS = 20_000;
const WHILE_FAILING_MS = 1000;
const PRUNE_EVERY_MS = 3_600_000;

/** Looks after the store until the signal aborts: tries again when writing failed, forgets what is long settled. */
export async function keepStore(deps: KeepDeps, signal: AbortSignal): Promise<void> {
  let prunedAt = Number.NEGATIVE_INFINITY;
  let interrupt = new AbortController();
  const wake = () => interrupt.abort();
  const stopListening = deps.store.onFailing(wake);
  signal.addEventListener("abort", wake, { once: true });
  while (!signal.aborted) {
    interrupt = new AbortController();
    const well = deps.store.health().ok;
    try {
      await deps.clock.sleep(well ? WHILE_WELL_MS : WHILE_FAILING_MS, interrupt.signal);
    } catch {
      // Stopped, or writing fails from now on: the loop looks which; the clock's sleep fails for nothing else.
      continue;
    }
    if (!deps.store.health().ok) await probe(deps);
    const now = deps.clock.now();
    if (Math.abs(now - prunedAt) >= PRUNE_EVERY_MS) {
      prunedAt = now;
      await prune(deps);
    }
  }
  stopListening();
}

async function probe({ store, log }: KeepDeps): Promise<void> {
  try {
    await store.probe();
  } catch (error) {
    log.debug({ reason: errorMessage(error) }, "events still cannot be written");
  }
}

async function prune({ store, log }: KeepDeps): Promise<void> {
  try {
    const pruned = await store.prune();
    if (pruned > 0) log.info({ pruned }, "settled events forgotten");
  } catch (error) {
    log.error({ err: error }, "cannot forget settled events");
  }
}
