import type { Clock } from "../runtime/clock.ts";

export interface DeadlineOptions {
  readonly ms: number;
  readonly clock: Pick<Clock, "now" | "after">;
  /** An outer signal, which ends the work too. */
  readonly signal: AbortSignal;
  /** Made when the time is over: the reason of the abort. */
  readonly overrun: () => Error;
}

/** A signal that aborts when the outer one does or when the time is over. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Must be called when the work is done. Aborts the signal, so that nothing of the work goes on. */
  release(): void;
}

/** Reason of an abort that nobody waits for any more. */
const OVER = new Error("The work has ended");

// Not AbortSignal.any: on Node 20 each use leaves something behind on a signal that lives as long as the server.
export function startDeadline(options: DeadlineOptions): Deadline & { prolong(): void } {
  const { ms, clock, signal, overrun } = options;
  const controller = new AbortController();
  /** NaN: not since the timer began. */
  let prolongedAt = Number.NaN;
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  // One timer however often it is prolonged: it finds out when it rings. A clock set back hardly makes it longer.
  const ring = () => {
    const left = Math.min(prolongedAt + ms - clock.now(), ms);
    if (left > 0) watch(left);
    else controller.abort(overrun());
  };
  let cancel = () => {};
  const watch = (left: number) => {
    prolongedAt = Number.NaN;
    cancel = clock.after(left, ring);
  };
  watch(ms);
  return {
    signal: controller.signal,
    /** The time begins anew. */
    prolong() {
      prolongedAt = clock.now();
    },
    release() {
      signal.removeEventListener("abort", onAbort);
      cancel();
      controller.abort(OVER);
    },
  };
}

/**
 * Runs work that ends in time: rejects with the signal's reason as soon as it aborts, even if the work takes no notice
 * of it.
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(options);
  try {
    deadline.signal.throwIfAborted();
    return await unlessAborted(work(deadline.signal), deadline.signal);
  } finally {
    deadline.release();
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    void work.then(resolve, reject).then(() => signal.removeEventListener("abort", onAbort));
  });
}
