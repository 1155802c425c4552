import type { Clock } from "../runtime/clock.ts";

/** Reason of an abort that nobody waits for any more: without one, each abort makes an error of its own. */
const OVER = new Error("The call is over");

export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Runs with a signal that aborts when the given one does, or when the time is over. Leaves neither timer nor listener. */
export async function withDeadline<T>(
  { clock, ms, signal }: Deadline,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal.aborted) abort();
  const over = new AbortController();
  signal.addEventListener("abort", abort);
  clock.sleep(ms, over.signal).then(abort, () => {
    // Rejects only when the call is over, and whoever made the call has its result or its error.
  });
  try {
    return await run(controller.signal);
  } finally {
    over.abort(OVER);
    signal.removeEventListener("abort", abort);
  }
}
