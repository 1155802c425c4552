/** What came of a text that is a sum: a number, or why there is none. */
export type Sum =
  | { readonly kind: "value"; readonly value: number }
  | { readonly kind: "none"; readonly reason: string };

/** Longest text that is taken for a sum. It bounds the depth of the recursion too. */
const MAX_LENGTH = 200;

/**
 * Works out `+ - * / % ^` (and `**`), parentheses, decimals and signs. `^` binds closest and to the right, before a
 * sign on its left: -2^2 is -4, 2^-1 is 0.5. `undefined` if the text is anything else.
 */
export function calculate(text: string): Sum | undefined {
  const tokens = text.replace(/\*\*/g, "^").match(/\d+\.?\d*|\.\d+|[^\s\d.]|\./g) ?? [];
  if (text.length > MAX_LENGTH || tokens.length === 0) return undefined;
  try {
    const value = evaluate(tokens);
    return Number.isFinite(value)
      ? { kind: "value", value: Number(value.toPrecision(12)) }
      : { kind: "none", reason: "is too large for me" };
  } catch (error) {
    // NotASum means that the text was no sum after all, NoResult carries the answer: nothing is lost here.
    if (error instanceof NotASum) return undefined;
    if (error instanceof NoResult) return { kind: "none", reason: error.message };
    throw error;
  }
}

class NotASum extends Error {}
class NoResult extends Error {}

type Operator = (left: number, right: number) => number;
const SUM: Record<string, Operator> = { "+": (a, b) => a + b, "-": (a, b) => a - b };
const PRODUCT: Record<string, Operator> = {
  "*": (a, b) => a * b,
  "/": (a, b) => a / nonZero(b),
  "%": (a, b) => a % nonZero(b),
};

/** sum = product (± product)*; product = signed (* signed)*; signed = -signed | power; power = atom [^ signed] */
function evaluate(tokens: readonly string[]): number {
  let next = 0;
  const chain = (operators: Record<string, Operator>, operand: () => number): number => {
    let value = operand();
    for (let apply = operators[tokens[next] ?? ""]; apply; apply = operators[tokens[next] ?? ""]) {
      next += 1;
      value = apply(value, operand());
    }
    return value;
  };
  const sum = () => chain(SUM, product);
  const product = () => chain(PRODUCT, signed);
  const signed = (): number => {
    if (take("-")) return -signed();
    return take("+") ? signed() : power();
  };
  const power = (): number => {
    const base = atom();
    return take("^") ? raise(base, signed()) : base;
  };
  const atom = (): number => {
    if (!take("(")) return readNumber(tokens[next++]);
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

function readNumber(token: string | undefined): number {
  if (!/\d/.test(token ?? "")) throw new NotASum();
  return Number(token);
}

function nonZero(divisor: number): number {
  if (divisor === 0) throw new NoResult("has no result: it divides by zero");
  return divisor;
}

function raise(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw new NoResult("has no result: it divides by zero");
  const value = base ** exponent;
  if (Number.isNaN(value)) throw new NoResult("has no real result");
  return value;
}
