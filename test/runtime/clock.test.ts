import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { createManualClock } from "../builders/manual-clock.ts";

/** Timers that keep the process alive now. */
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

describe("systemClock", () => {
  test("tells the time in milliseconds since the epoch", () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });

  test("sleeps for the time it is told", async () => {
    const before = performance.now();
    await systemClock.sleep(50);
    // Node rounds a timer to whole milliseconds.
    expect(performance.now() - before).toBeGreaterThanOrEqual(48);
  });

  test("does not wait for a time that has passed", async () => {
    await systemClock.sleep(-1_000_000);
  });

  test("waits for a time that is too long for a timer, instead of not at all", async () => {
    const stop = new AbortController();
    let woke = false;
    const sleep = systemClock.sleep(Number.POSITIVE_INFINITY, stop.signal).finally(() => {
      woke = true;
    });
    await systemClock.sleep(30);
    expect(woke).toBe(false);
    stop.abort(new Error("enough"));
    await expect(sleep).rejects.toThrow("enough");
  });
});

describe.each<[string, () => Clock]>([
  ["systemClock", () => systemClock],
  ["createManualClock", () => createManualClock()],
])("a sleep of %s", (_name, create) => {
  test("rejects with the reason as soon as the signal aborts, and leaves no timer", async () => {
    const before = timers();
    const stop = new AbortController();
    const sleep = create().sleep(1_000_000, stop.signal);
    const reason = new Error("stop");
    stop.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    expect(timers()).toBe(before);
  });

  test("rejects at once when the signal was aborted before", async () => {
    const reason = { any: "value" };
    await expect(create().sleep(1_000_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe("a manual clock", () => {
  test("wakes sleeps in order of due time, each at its own time", async () => {
    const clock = createManualClock(0);
    const woke: [string, number][] = [];
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woke.push([name, clock.now()]);
    };
    const all = [sleep("c", 300), sleep("a", 100), sleep("b", 100), sleep("late", 301)];
    await clock.advance(300);
    expect(woke).toEqual([
      ["a", 100],
      ["b", 100],
      ["c", 300],
    ]);
    expect(clock.now()).toBe(300);
    expect(clock.sleeping()).toBe(1);
    await clock.advance(1);
    await Promise.all(all);
  });

  test("wakes sleeps that were asked for while it advances", async () => {
    const clock = createManualClock(0);
    const times: number[] = [];
    const loop = (async () => {
      for (let i = 0; i < 3; i++) {
        await clock.sleep(10);
        times.push(clock.now());
      }
    })();
    await clock.advance(1000);
    await loop;
    expect(times).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(1000);
  });

  test("can be set back without a sleep noticing", async () => {
    const clock = createManualClock(5000);
    await clock.advance(7);
    const sleep = clock.sleep(100);
    clock.setNow(1000);
    expect(clock.now()).toBe(1000);
    await clock.advance(100);
    await sleep;
    expect(clock.now()).toBe(1100);
  });

  test("waits until somebody sleeps", async () => {
    const clock = createManualClock();
    const later = new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() =>
      clock.sleep(5),
    );
    await clock.whenSleeping();
    expect(clock.sleeping()).toBe(1);
    await clock.advance(5);
    await later;
    expect(clock.sleeping()).toBe(0);
  });

  test("forgets an aborted sleep", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const sleep = clock.sleep(10, stop.signal);
    stop.abort(new Error("stop"));
    await expect(sleep).rejects.toThrow("stop");
    expect(clock.sleeping()).toBe(0);
  });
});
