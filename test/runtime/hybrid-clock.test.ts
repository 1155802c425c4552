import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHybridClock, ID_DIGITS, idTime } from "../../src/runtime/hybrid-clock.ts";

const NOON = Date.UTC(2030, 0, 1, 12);

function setUp(start = NOON) {
  let time = start;
  return { ids: createHybridClock(() => time), setTime: (now: number) => (time = now) };
}

describe("a hybrid clock", () => {
  test("gives ids of 16 digits that hold the time", () => {
    const { ids, setTime } = setUp();
    expect(ids.next()).toMatch(/^\d{16}$/);
    setTime(NOON + 1);
    expect(idTime(ids.next())).toBe(NOON + 1);
  });

  // weaknesses.md W-O2, 3.6 #20.
  test("rises within one millisecond, and when the clock is set back", () => {
    const { ids, setTime } = setUp();
    const first = ids.next();
    const second = ids.next();
    setTime(NOON - 86_400_000);
    const third = ids.next();
    expect([third, first, second].sort()).toEqual([first, second, third]);
    expect(idTime(third)).toBe(NOON);
  });

  test("goes on above an id seen elsewhere, and never below its own", () => {
    const { ids } = setUp();
    const seen = String((NOON + 3_600_000) * 4096).padStart(ID_DIGITS, "0");
    ids.observe(seen);
    const next = ids.next();
    expect(next > seen).toBe(true);
    ids.observe("0000000000000001");
    expect(ids.next() > next).toBe(true);
  });

  test("rises whatever the clock does", () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2038, 11, 31) });
    fc.assert(
      fc.property(fc.array(time, { minLength: 2, maxLength: 50 }), (times) => {
        const { ids, setTime } = setUp(0);
        const made = times.map((now) => {
          setTime(now);
          return ids.next();
        });
        expect(made).toEqual([...new Set(made)].sort());
        expect(made.every((id) => id.length === ID_DIGITS)).toBe(true);
      }),
    );
  });

  test("has ids that are exact numbers until the year 2039", () => {
    expect(Number.isSafeInteger(Date.UTC(2038, 11, 31) * 4096)).toBe(true);
  });
});
