import { describe, expect, test } from "vitest";
import { createPace } from "../../src/runtime/pace.ts";

function setUp(options: { perInterval: number; intervalMs: number; burst: number }) {
  let time = Date.UTC(2030, 0, 1);
  const pace = createPace({ ...options, now: () => time });
  return { pace, pass: (ms: number) => (time += ms) };
}

/** Takes as fast as it is allowed, for so long; says when each went. */
function run(setup: ReturnType<typeof setUp>, key: string, forMs: number): number[] {
  const times: number[] = [];
  for (let at = 0; at < forMs; ) {
    const wait = setup.pace.waitMs(key);
    if (wait === 0) {
      setup.pace.take(key);
      times.push(at);
    } else {
      setup.pass(wait);
      at += wait;
    }
  }
  return times;
}

describe("pace", () => {
  test("lets a burst go at once, then one a token", () => {
    const setup = setUp({ perInterval: 1, intervalMs: 1000, burst: 3 });
    expect(run(setup, "chat", 5000)).toEqual([0, 0, 0, 1000, 2000, 3000, 4000]);
  });

  test("says how long to wait, and less as time passes", () => {
    const { pace, pass } = setUp({ perInterval: 1, intervalMs: 1000, burst: 1 });
    expect(pace.waitMs("chat")).toBe(0);
    pace.take("chat");
    expect(pace.waitMs("chat")).toBe(1000);
    pass(400);
    expect(pace.waitMs("chat")).toBe(600);
    pass(600);
    expect(pace.waitMs("chat")).toBe(0);
  });

  test("keeps the rate in the long run where a token is no whole number of milliseconds", () => {
    const setup = setUp({ perInterval: 30, intervalMs: 1000, burst: 1 });
    const { length } = run(setup, "bot", 60_000);
    expect(length).toBeGreaterThanOrEqual(30 * 60 - 1);
    expect(length).toBeLessThanOrEqual(30 * 60 + 1);
  });

  test("lets a whole burst go at once where a token is no whole number of milliseconds", () => {
    const setup = setUp({ perInterval: 30, intervalMs: 1000, burst: 30 });
    expect(run(setup, "bot", 1)).toEqual(Array(30).fill(0));
  });

  test("fills the bucket again during a rest, and not over its brim", () => {
    const setup = setUp({ perInterval: 20, intervalMs: 60_000, burst: 3 });
    run(setup, "group", 1);
    setup.pass(3_600_000);
    expect(run(setup, "group", 3000)).toEqual([0, 0, 0]);
  });

  test("keeps keys apart", () => {
    const { pace } = setUp({ perInterval: 1, intervalMs: 1000, burst: 1 });
    pace.take("a");
    expect(pace.waitMs("a")).toBe(1000);
    expect(pace.waitMs("b")).toBe(0);
  });

  test("never waits when the limit is 0", () => {
    const { pace } = setUp({ perInterval: 0, intervalMs: 1000, burst: 1 });
    for (let i = 0; i < 1000; i++) pace.take("chat");
    expect(pace.waitMs("chat")).toBe(0);
  });

  test("waits no longer than for one token after the clock is set back", () => {
    const { pace, pass } = setUp({ perInterval: 1, intervalMs: 1000, burst: 3 });
    for (let i = 0; i < 3; i++) pace.take("chat");
    pass(-3_600_000);
    expect(pace.waitMs("chat")).toBeLessThanOrEqual(1000);
  });

  test("forgets keys that are idle, also those from before the clock was set back", () => {
    const { pace, pass } = setUp({ perInterval: 1, intervalMs: 1000, burst: 3 });
    for (let i = 0; i < 10_000; i++) {
      pace.take(`chat ${i}`);
      pace.take("busy");
      if (i === 5_000) pass(-3_600_000);
      pass(100);
    }
    expect(pace.size()).toBeLessThanOrEqual(32);
  });
});
