import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashKey } from "../../../src/events/event-name.ts";
import { createKeySet } from "../../../src/events/file-store/key-set.ts";

/** Few keys, so that runs of neighbours, gaps in them and the end of the table are met. */
const key = fc.oneof(
  fc.constantFrom("0000000000000000", "0000000100000000", "ffffffffffffffff", "00000000ffffffff"),
  fc.tuple(fc.nat(2), fc.nat(40)).map(([high, low]) => {
    const near = (1020 + low).toString(16).padStart(8, "0");
    return high.toString(16).padStart(8, "0") + near;
  }),
);

describe("keySet", () => {
  test("is a set, whatever is added and taken out", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), key), { maxLength: 300 }), (steps) => {
        const [keys, model] = [createKeySet(), new Set<string>()];
        // The two smallest share a slot's number: zero is the sign of an empty one.
        const name = (text: string) => (text === "0000000000000000" ? "0000000100000000" : text);
        for (const [adds, text] of steps) {
          if (adds) {
            keys.add(text);
            model.add(name(text));
          } else {
            keys.delete(text);
            model.delete(name(text));
          }
          expect(keys.has(text)).toBe(adds);
        }
        for (const [, text] of steps) expect(keys.has(text)).toBe(model.has(name(text)));
        expect(keys.size()).toBe(model.size);
      }),
      { numRuns: 500 },
    );
  });

  test("holds a hundred thousand, and no others", () => {
    const keys = createKeySet();
    for (let n = 0; n < 100_000; n += 1) keys.add(hashKey(`k${n}`));
    for (let n = 0; n < 100_000; n += 2) keys.delete(hashKey(`k${n}`));
    const found = Array.from({ length: 100_000 }, (_, n) => keys.has(hashKey(`k${n}`)));
    expect(found.every((is, n) => is === (n % 2 === 1))).toBe(true);
    expect(keys.size()).toBe(50_000);
    expect(keys.has(hashKey("another"))).toBe(false);
  });
});
