import type { Clock } from "../runtime/clock.ts";

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
  signal.addEventListener("abort", abort);
  const cancel = clock.after(ms, abort);
  try {
    return await run(controller.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}
