import { type Clock, sleepWith } from "../../src/runtime/clock.ts";

/** Time that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves time on. Sleeps that come due are woken in order of due time, each at its own time; what a woken one does
   * (new sleeps included) happens before the next one wakes.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, backwards too. Sleeps do not notice: like real timers, they count what passes. */
  setNow(now: number): void;
  /** How many sleeps wait. 0 at the end of a test means that nothing was left. */
  sleeping(): number;
  /** Resolves when at least `count` sleeps wait (default 1), so that `advance` cannot come too early. */
  whenSleeping(count?: number): Promise<void>;
}

interface Sleep {
  readonly due: number;
  wake(): void;
}

const START = Date.UTC(2030, 0, 1);
const GIVE_UP_MS = 5_000;

export function createManualClock(start: number = START): ManualClock {
  const sleeps = new Set<Sleep>();
  /** Passed time, which never goes back; `offset` makes a wall clock of it. */
  let passed = 0;
  let offset = start;

  const firstDue = (until: number): Sleep | undefined =>
    // Sorting is stable and a Set keeps insertion order, so equal times wake in the order in which they were asked.
    [...sleeps].sort((a, b) => a.due - b.due).find((sleep) => sleep.due <= until);

  function after(ms: number, callback: () => void): () => void {
    const sleep: Sleep = {
      due: passed + Math.max(ms, 0),
      wake() {
        sleeps.delete(sleep);
        callback();
      },
    };
    sleeps.add(sleep);
    return () => void sleeps.delete(sleep);
  }

  return {
    now: () => offset + passed,
    sleep: (ms, signal) => sleepWith(after, ms, signal),
    after,
    async advance(ms) {
      const until = passed + ms;
      await settled();
      for (let sleep = firstDue(until); sleep; sleep = firstDue(until)) {
        passed = Math.max(passed, sleep.due);
        sleep.wake();
        await settled();
      }
      passed = until;
    },
    setNow(now) {
      offset = now - passed;
    },
    sleeping: () => sleeps.size,
    async whenSleeping(count = 1) {
      const deadline = Date.now() + GIVE_UP_MS;
      while (sleeps.size < count) {
        if (Date.now() > deadline) throw new Error(`Only ${sleeps.size} of ${count} sleeps wait`);
        await settled();
      }
    },
  };
}

/** Lets everything run that waits for nothing but its turn: promises, and callbacks that the event loop has ready. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
