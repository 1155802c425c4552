import { EXACT, Inexact, NoResult, NotASum, type Numbers, ROUNDED } from "./numbers.ts";

/** What came of a text that is a sum: a number, or why there is none. */
export type Sum =
  /** A bigint where a number would lose digits. */
  | { readonly kind: "value"; readonly value: number | bigint }
  | { readonly kind: "none"; readonly reason: string };

/** Longest text that is taken for a sum. It bounds the depth of the recursion too. */
const MAX_LENGTH = 200;

/**
 * Works out `+ - * / % ^` (and `**`), parentheses, decimals and signs; whole numbers to the last digit. `^` binds
 * closest and to the right, before a sign on its left: -2^2 is -4, 2^-1 is 0.5. `undefined` if the text is anything else.
 */
export function calculate(text: string): Sum | undefined {
  const tokens = text.replace(/\*\*/g, "^").match(/\d+\.?\d*|\.\d+|[^\s\d.]|\./g) ?? [];
  if (text.length > MAX_LENGTH || tokens.length === 0) return undefined;
  try {
    return { kind: "value", value: evaluateExactly(tokens) ?? rounded(evaluate(tokens, ROUNDED)) };
  } catch (error) {
    // NotASum means that the text was no sum after all, NoResult carries the answer: nothing is lost here.
    if (error instanceof NotASum) return undefined;
    if (error instanceof NoResult) return { kind: "none", reason: error.message };
    throw error;
  }
}

/** Undefined where whole numbers are not enough. */
function evaluateExactly(tokens: readonly string[]): number | bigint | undefined {
  try {
    const value = evaluate(tokens, EXACT);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  } catch (error) {
    if (error instanceof Inexact) return undefined;
    throw error;
  }
}

function rounded(value: number): number {
  if (!Number.isFinite(value)) throw new NoResult("is too large for me");
  return Number(value.toPrecision(12));
}

/** sum = product (± product)*; product = signed (* signed)*; signed = -signed | power; power = atom [^ signed] */
function evaluate<N>(tokens: readonly string[], numbers: Numbers<N>): N {
  let next = 0;
  const chain = (operators: Numbers<N>["sum"], operand: () => N): N => {
    let value = operand();
    for (let apply = operators[tokens[next] ?? ""]; apply; apply = operators[tokens[next] ?? ""]) {
      next += 1;
      value = apply(value, operand());
    }
    return value;
  };
  const sum = () => chain(numbers.sum, product);
  const product = () => chain(numbers.product, signed);
  const signed = (): N => {
    if (take("-")) return numbers.negate(signed());
    return take("+") ? signed() : power();
  };
  const power = (): N => {
    const base = atom();
    return take("^") ? numbers.raise(base, signed()) : base;
  };
  const atom = (): N => {
    if (!take("(")) return numbers.read(numeral(tokens[next++]));
    const value = sum();
    if (!take(")")) throw new NotASum();
    return value;
  };
  const take = (token: string): boolean => {
    if (tokens[next] !== token) return false;
    next += 1;
    return true;
  };
  const value = sum();
  if (next < tokens.length) throw new NotASum();
  return value;
}

function numeral(token = ""): string {
  if (!/\d/.test(token)) throw new NotASum();
  return token;
}
