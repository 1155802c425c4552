import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../src/runtime/clock.ts";
import { createDueQueue, type DueQueue } from "../../src/runtime/due-queue.ts";
import { createManualClock, type ManualClock } from "../builders/manual-clock.ts";

const HOUR = 3_600_000;

let clock: ManualClock;
let queue: DueQueue<string>;
let due: [string, number][];
let stop: AbortController;
let ended: Promise<void>;

/** When it was handed out, in ms of real time since the start. */
let passed: number;
async function advance(ms: number): Promise<void> {
  for (const end = passed + ms; passed < end; ) {
    const step = Math.min(100, end - passed);
    passed += step;
    await clock.advance(step);
  }
}

beforeEach(() => {
  clock = createManualClock();
  due = [];
  passed = 0;
  stop = new AbortController();
  queue = createDueQueue(clock, (item: string) => void due.push([item, passed]));
  ended = queue.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await ended;
  expect(clock.sleeping()).toBe(0);
});

describe("a due queue", () => {
  test("hands out each item at its time, in the order of times", async () => {
    const now = clock.now();
    queue.add(now + 3000, "third");
    queue.add(now + 1000, "first");
    queue.add(now + 2000, "second");
    await advance(5000);
    expect(due).toEqual([
      ["first", 1000],
      ["second", 2000],
      ["third", 3000],
    ]);
  });

  test("takes an earlier item while it sleeps for a later one", async () => {
    queue.add(clock.now() + 5000, "late");
    await advance(1000);
    queue.add(clock.now() + 500, "early");
    await advance(10_000);
    expect(due).toEqual([
      ["early", 1500],
      ["late", 5000],
    ]);
  });

  test("hands out what is due already at once", async () => {
    queue.add(clock.now() - HOUR, "past");
    await advance(0.5);
    expect(due).toEqual([["past", 0.5]]);
  });

  test("asks for no sleep that is longer than a timer can hold", async () => {
    const asked: number[] = [];
    const sleep: Clock["sleep"] = (ms, signal) => {
      asked.push(ms);
      return clock.sleep(ms, signal);
    };
    const other = createDueQueue({ ...clock, sleep }, () => {});
    other.add(clock.now() + 40 * 24 * HOUR, "in forty days");
    const otherEnded = other.run(stop.signal);
    await clock.advance(HOUR);
    stop.abort();
    await otherEnded;
    expect(asked.length).toBeGreaterThan(1);
    expect(Math.max(...asked)).toBeLessThan(2 ** 31);
  });

  // Red when the remaining time is read from the wall clock after an interruption.
  test("makes a wait hardly longer when the clock is set back", async () => {
    queue.add(clock.now() + 5 * 60_000, "five minutes");
    await advance(90_000);
    clock.setNow(clock.now() - HOUR);
    await advance(1000);
    queue.add(clock.now() + 500, "interrupts");
    await advance(5 * 60_000);
    expect(due.map(([item]) => item)).toEqual(["interrupts", "five minutes"]);
    expect(due[0]?.[1]).toBe(91_500);
    expect(due[1]?.[1]).toBeLessThanOrEqual(6 * 60_000);
  });

  test("makes no wait longer when the clock is set forward", async () => {
    queue.add(clock.now() + 60_000, "a minute");
    clock.setNow(clock.now() + HOUR);
    await advance(60_000);
    expect(due).toHaveLength(1);
  });

  test("leaves nothing behind when it stops, and goes on when it runs again", async () => {
    queue.add(clock.now() + 1000, "kept");
    await advance(500);
    stop.abort();
    await ended;
    expect(clock.sleeping()).toBe(0);
    await advance(5000);
    expect(due).toEqual([]);
    stop = new AbortController();
    ended = queue.run(stop.signal);
    await advance(100);
    expect(due.map(([item]) => item)).toEqual(["kept"]);
  });

  test("has one timer for ten thousand items", async () => {
    for (let n = 0; n < 10_000; n += 1) queue.add(clock.now() + ((n * 7919) % 10_000), String(n));
    await clock.whenSleeping();
    expect(clock.sleeping()).toBe(1);
    await clock.advance(10_000);
    expect(due).toHaveLength(10_000);
  });

  test("hands out whatever was added in the order of times", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5000), { maxLength: 60 }), async (times) => {
        due = [];
        for (const time of times) queue.add(clock.now() + time, String(time));
        await clock.advance(6000);
        expect(due.map(([item]) => Number(item))).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });
});
