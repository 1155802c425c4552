import type { Clock } from "./clock.ts";

/** Items that wait for a time, with one timer for all of them. */
export interface DueQueue<T> {
  /** `at` in UTC ms, by the clock as it is now: one that is set back later makes the wait hardly longer. */
  add(at: number, item: T): void;
  /** Hands out what is due until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Entry<T> {
  /** In steady time. */
  readonly at: number;
  readonly item: T;
}

/** The longest sleep, and so the most by which a clock that is set back can delay anything. */
const MAX_SLEEP_MS = 60_000;

/** `onDue` must not throw. */
export function createDueQueue<T>(clock: Clock, onDue: (item: T) => void): DueQueue<T> {
  const heap: Entry<T>[] = [];
  const time = createSteadyTime(clock);
  let interrupt = new AbortController();

  /** Waits for the earliest entry, or a part of that; an earlier one interrupts the wait. */
  async function sleep(): Promise<void> {
    interrupt = new AbortController();
    const now = time.now();
    const first = heap[0];
    const until = first ? Math.min(first.at, now + MAX_SLEEP_MS) : Number.POSITIVE_INFINITY;
    try {
      await clock.sleep(until - now, interrupt.signal);
      if (first) time.reached(until);
    } catch {
      // Interrupted or stopped, and the loop looks which; the clock's sleep fails for nothing else.
    }
  }

  return {
    add(at, item) {
      const entry = { at: at - clock.now() + time.now(), item };
      push(heap, entry);
      if (heap[0] === entry) interrupt.abort();
    },
    async run(signal) {
      const stop = () => interrupt.abort();
      signal.addEventListener("abort", stop, { once: true });
      while (!signal.aborted) {
        await sleep();
        const now = time.now();
        for (let first = heap[0]; first && first.at <= now && !signal.aborted; first = heap[0]) {
          pop(heap);
          onDue(first.item);
        }
      }
    },
  };
}

/** Time that passes with the clock, but never goes back with it. */
function createSteadyTime(clock: Clock) {
  let last = clock.now();
  let ahead = 0;
  return {
    now() {
      ahead = Math.max(ahead, last - clock.now());
      last = clock.now() + ahead;
      return last;
    },
    /** A sleep that ended tells the time better than a clock that was set back meanwhile. */
    reached(time: number) {
      last = Math.max(last, time);
    },
  };
}

const atOf = (heap: readonly Entry<unknown>[], index: number) =>
  heap[index]?.at ?? Number.POSITIVE_INFINITY;

function swap<T>(heap: Entry<T>[], a: number, b: number): void {
  const [first, second] = [heap[a], heap[b]];
  if (!first || !second) return;
  heap[a] = second;
  heap[b] = first;
}

/** A binary heap: each entry is due no later than its two children. */
function push<T>(heap: Entry<T>[], entry: Entry<T>): void {
  heap.push(entry);
  for (let child = heap.length - 1; child > 0; ) {
    const parent = (child - 1) >> 1;
    if (atOf(heap, parent) <= atOf(heap, child)) return;
    swap(heap, parent, child);
    child = parent;
  }
}

function pop<T>(heap: Entry<T>[]): void {
  swap(heap, 0, heap.length - 1);
  heap.pop();
  for (let parent = 0; ; ) {
    const left = 2 * parent + 1;
    const child = atOf(heap, left + 1) < atOf(heap, left) ? left + 1 : left;
    if (atOf(heap, parent) <= atOf(heap, child)) return;
    swap(heap, parent, child);
    parent = child;
  }
}
