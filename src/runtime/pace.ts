export interface PaceOptions {
  /** How many are allowed in `intervalMs` in the long run; 0 = no limit. */
  readonly perInterval: number;
  readonly intervalMs: number;
  /** How many may go at once after a rest; at least 1. In any one interval at most `perInterval + burst` go. */
  readonly burst: number;
  /** Milliseconds. */
  readonly now: () => number;
}

/** A token bucket for each key. Waits for nothing itself: the caller asks, sleeps if told to, and takes. */
export interface Pace {
  /** Milliseconds until one is allowed for this key; 0 = now. */
  waitMs(key: string): number;
  /** Counts one. To be called when `waitMs` was 0. */
  take(key: string): void;
  /** How many keys it remembers: those that took in the last `burst` tokens' time, and hardly more. */
  size(): number;
}

/** A full bucket is the absence of its key, so idle keys cost no memory. */
export function createPace(options: PaceOptions): Pace {
  const { perInterval, intervalMs, burst, now } = options;
  if (perInterval <= 0) return { waitMs: () => 0, take: () => {}, size: () => 0 };
  const tokenMs = intervalMs / perInterval;
  const emptyMs = burst * tokenMs;
  /** By key: when the bucket will be full again. Oldest take first. */
  const fullAt = new Map<string, number>();

  // No bucket needs longer than `emptyMs` to fill, so a later time means that the clock was set back.
  const untilFull = (key: string) => Math.min(Math.max((fullAt.get(key) ?? 0) - now(), 0), emptyMs);

  function dropIdle() {
    for (const [key, time] of fullAt) {
      if (time > now() && time <= now() + emptyMs) return;
      fullAt.delete(key);
    }
  }

  return {
    // Rounded down: less than a millisecond is no wait, and is made up for by the next one.
    waitMs: (key) => Math.floor(Math.max(untilFull(key) + tokenMs - emptyMs, 0)),
    take(key) {
      const next = now() + untilFull(key) + tokenMs;
      fullAt.delete(key);
      dropIdle();
      fullAt.set(key, next);
    },
    size: () => fullAt.size,
  };
}
