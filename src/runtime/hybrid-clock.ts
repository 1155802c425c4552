/**
 * Ids that sort in order of acceptance: 16 decimal digits of `max(last + 1, now in ms × 4096)`.
 * They stay below 2^53 until the year 2039, and go on rising when the clock is set back.
 */
export interface HybridClock {
  next(): string;
  /** Goes on above an id seen elsewhere (on disk, at start). */
  observe(id: string): void;
}

const TICKS_PER_MS = 4096;
export const ID_DIGITS = 16;
/** In the year 2039; beyond it a number is not exact, and sixteen digits do not suffice. */
const MAX_TICKS = Number.MAX_SAFE_INTEGER;

export function createHybridClock(now: () => number): HybridClock {
  let last = 0;
  return {
    next() {
      const ticks = now() * TICKS_PER_MS;
      // A clock that is decades ahead would use up the digits for good.
      last = Math.max(last + 1, ticks < MAX_TICKS ? ticks : 0);
      return String(last).padStart(ID_DIGITS, "0");
    },
    observe(id) {
      if (Number(id) < MAX_TICKS) last = Math.max(last, Number(id));
    },
  };
}

/** The time in an id, UTC ms: when it was accepted, or a little later than that after a clock was set back. */
export function idTime(id: string): number {
  return Math.floor(Number(id) / TICKS_PER_MS);
}
