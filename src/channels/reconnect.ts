import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";

export interface ReconnectDeps {
  readonly clock: Clock;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Reports the failure, and says how long to wait before the next try. Throws what is not a failure but a bug. */
  onFailure(error: unknown): Wait | Promise<Wait>;
}

/** `afterMs`: exactly so long, as the platform said. `upToMs`: a wait that doubles from 1 s up to this. */
export type Wait = { readonly afterMs: number } | { readonly upToMs: number };

const FIRST_WAIT_MS = 1_000;

/**
 * Repeats `step` until the signal aborts: at once when it resolves, after a wait when it rejects. Resolves when the
 * running step has ended; rejects when `onFailure` does. A step must end soon after the signal aborts; what it
 * rejects with then is not a failure.
 */
export async function repeatUntilAborted(
  step: () => Promise<void>,
  deps: ReconnectDeps,
): Promise<void> {
  const { clock, random, signal, onFailure } = deps;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await step();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      const wait = await onFailure(error);
      const ms =
        "afterMs" in wait
          ? wait.afterMs
          : backoffMs(failures, { firstMs: FIRST_WAIT_MS, maxMs: wait.upToMs, random });
      await sleepUnlessAborted(ms, clock, signal);
    }
  }
}

async function sleepUnlessAborted(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
