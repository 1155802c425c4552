import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calculate } from "../../../src/providers/offline/arithmetic.ts";

describe("calculate", () => {
  it.each([
    ["2+2", 4],
    ["12 * (3 + 4)", 84],
    ["2 + 3 * 4", 14],
    ["10 - 4 - 3", 3],
    ["100 / 10 / 5", 2],
    ["7 % 4", 3],
    ["-7 % 4", -3],
    ["2 ^ 3 ^ 2", 512],
    ["2 ** 10", 1024],
    ["-2 ^ 2", -4],
    ["(-2) ^ 2", 4],
    ["2 ^ -1", 0.5],
    ["--3", 3],
    ["2 - -3", 5],
    ["+5", 5],
    [".5 + 1.", 1.5],
    ["0.1 + 0.2", 0.3],
    ["((((1))))", 1],
    ["1e", undefined],
  ])("works out %s as %s", (text, value) => {
    expect(calculate(text)).toEqual(value === undefined ? undefined : { kind: "value", value });
  });

  it.each([
    ["12345678901234567890 + 1", 12345678901234567891n],
    ["99999999999 * 99999999999", 9999999999800000000001n],
    ["2 ^ 200", 2n ** 200n],
    ["-(10 ^ 30)", -(10n ** 30n)],
    ["10 ^ 30 / 10 ^ 29", 10],
    ["10 ^ 30 % 7", 1],
    ["9007199254740993", 9007199254740993n],
    ["(10 ^ 30 + 1) / 2", 5e29],
    ["9 ^ 9 ^ 3", 9 ** 729 === Number.POSITIVE_INFINITY ? undefined : 9 ** 729],
  ])("keeps every digit of whole numbers: %s", (text, value) => {
    const sum = calculate(text);
    if (value === undefined) expect(sum).toMatchObject({ kind: "none" });
    else expect(sum).toEqual({ kind: "value", value });
  });

  it.each(["1/0", "1 % 0", "0 ^ -1", "5 / (3 - 3)"])("says that %s divides by zero", (text) => {
    expect(calculate(text)).toMatchObject({
      kind: "none",
      reason: expect.stringMatching(/by zero/),
    });
  });

  it("says what has no real result, and what is too large", () => {
    expect(calculate("(-8) ^ 0.5")).toMatchObject({ reason: "has no real result" });
    expect(calculate("9 ^ 9 ^ 9")).toMatchObject({ reason: "is too large for me" });
  });

  it.each([
    "",
    "  ",
    "2 +",
    "+ *",
    "(2",
    "2)",
    "2 3",
    "1.2.3",
    "a+b",
    "2; process.exit()",
    "()",
    ".",
    "^2",
  ])("leaves %j alone", (text) => {
    expect(calculate(text)).toBeUndefined();
  });

  it("takes no text over 200 characters, and survives any nesting below", () => {
    expect(calculate(`${"(".repeat(99)}1${")".repeat(99)}`)).toEqual({ kind: "value", value: 1 });
    expect(calculate(`1${"+1".repeat(100)}`)).toBeUndefined();
  });

  it("agrees with JavaScript on sums and products", () => {
    const numbers = fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(numbers, numbers, (left, right) => {
        const wanted = left.reduce((a, b) => a + b) * right.reduce((a, b) => a - b);
        const text = `(${left.join("+")}) * (${right.join(" - ")})`;
        expect(calculate(text)).toEqual({ kind: "value", value: wanted });
      }),
    );
  });

  it("never throws", () => {
    const signs = fc.constantFrom(..."0123456789.+-*/%^() a");
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 210 }), (text) => void calculate(text.join(""))),
    );
  });
});
