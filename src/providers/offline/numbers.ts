/** The text is no sum. */
export class NotASum extends Error {}
/** It is one, and this is why it has no result. */
export class NoResult extends Error {}
/** Whole numbers are not enough for it. */
export class Inexact extends Error {}

/** A kind of number to work a sum out with. */
export interface Numbers<N> {
  readonly sum: Readonly<Record<string, (left: N, right: N) => N>>;
  readonly product: Readonly<Record<string, (left: N, right: N) => N>>;
  read(numeral: string): N;
  negate(value: N): N;
  raise(base: N, exponent: N): N;
}

export const ROUNDED: Numbers<number> = {
  sum: { "+": (a, b) => a + b, "-": (a, b) => a - b },
  product: {
    "*": (a, b) => a * b,
    "/": (a, b) => a / nonZero(b),
    "%": (a, b) => a % nonZero(b),
  },
  read: Number,
  negate: (value) => -value,
  raise(base, exponent) {
    if (base === 0 && exponent < 0) throw new NoResult(DIVIDES_BY_ZERO);
    const value = base ** exponent;
    if (Number.isNaN(value)) throw new NoResult("has no real result");
    return value;
  },
};

/** Throws Inexact where there is no whole result, or one with more digits than a person reads. */
export const EXACT: Numbers<bigint> = {
  sum: { "+": (a, b) => a + b, "-": (a, b) => a - b },
  product: {
    "*": (a, b) => a * b,
    "/": (a, b) => {
      if (a % nonZero(b) !== 0n) throw new Inexact();
      return a / b;
    },
    "%": (a, b) => a % nonZero(b),
  },
  read(numeral) {
    if (!/^\d+$/.test(numeral)) throw new Inexact();
    return BigInt(numeral);
  },
  negate: (value) => -value,
  raise(base, exponent) {
    if (exponent < 0n) throw new Inexact();
    if (exponent * BigInt(base.toString(2).length) > MAX_BITS) throw new Inexact();
    return base ** exponent;
  },
};

/** About 600 digits. */
const MAX_BITS = 2_000n;
const DIVIDES_BY_ZERO = "has no result: it divides by zero";

function nonZero<N extends number | bigint>(divisor: N): N {
  if (divisor === 0 || divisor === 0n) throw new NoResult(DIVIDES_BY_ZERO);
  return divisor;
}
