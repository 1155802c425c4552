/** Time as a dependency, so that tests never sleep. All times are UTC milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`. Rejects with the signal's reason as soon as the signal aborts; leaves no timer behind. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once, after `ms`, unless the returned function was called before. Cheaper than a sleep that is aborted. */
  after(ms: number, callback: () => void): () => void;
}

/** The longest time a Node timer can hold; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(Math.max(ms, 0), MAX_TIMER_MS));
  return () => clearTimeout(timer);
}

export const systemClock: Clock = {
  now: Date.now,
  // Not node:timers/promises: nearly every sleep ends by its signal, and there each end costs an error with its stack.
  sleep(ms, signal) {
    return sleepWith(after, ms, signal);
  },
  after,
};

/** A clock's `sleep`, made of its `after`. */
export function sleepWith(
  after: Clock["after"],
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Resolves after `ms`, or as soon as the signal aborts. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
