/** What a file of JSON lines holds. */
export interface Scan<T> {
  /** The readable lines; all of them, also behind a damaged one. */
  readonly values: readonly T[];
  /** The readable lines before the first damage: how many, and their length in bytes. */
  readonly prefix: { readonly lines: number; readonly bytes: number };
  /**
   * `torn`: a write of the last line was cut off. `damaged`: something else is not readable, beginning at this line
   * (1 is the first).
   */
  readonly state: { readonly kind: "whole" | "torn" } | { readonly kind: "damaged"; line: number };
}

/** Makes a value of a line's JSON, or undefined if it is not one that belongs at this place (0 is the first line). */
export type ParseLine<T> = (json: unknown, index: number) => T | undefined;

type Line<T> =
  | { readonly kind: "good"; readonly value: T }
  /** Not JSON: what a cut-off or lost write looks like. */
  | { readonly kind: "garbled" }
  /** JSON of another kind: written by something else, or by a later version. Never to be cut off. */
  | { readonly kind: "foreign" };

/**
 * Reads the text of a file. A last line counts as torn if its newline is missing or if it is no JSON: it was never
 * acknowledged, or the machine lost it.
 */
export function scanLines<T>(text: string, parse: ParseLine<T>): Scan<T> {
  const texts = text.split("\n");
  const unfinished = texts.pop();
  const lines = texts.map((line, index) => readLine(line, index, parse));
  const bad = lines.findIndex((line) => line.kind !== "good");
  const good = bad === -1 ? lines.length : bad;
  const bytes = texts.slice(0, good).reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  return {
    values: lines.flatMap((line) => (line.kind === "good" ? [line.value] : [])),
    prefix: { lines: good, bytes },
    state: stateOf(lines, bad, unfinished !== ""),
  };
}

function stateOf<T>(lines: readonly Line<T>[], bad: number, unfinished: boolean): Scan<T>["state"] {
  if (bad === -1) return { kind: unfinished ? "torn" : "whole" };
  const isLast = bad === lines.length - 1 && !unfinished;
  if (isLast && lines[bad]?.kind === "garbled") return { kind: "torn" };
  return { kind: "damaged", line: bad + 1 };
}

function readLine<T>(text: string, index: number, parse: ParseLine<T>): Line<T> {
  // The writer escapes U+FFFD: here it can only stand for bytes that are not UTF-8.
  if (text.includes("\uFFFD")) return { kind: "garbled" };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Reported by whoever reads the file, with its name.
    return { kind: "garbled" };
  }
  const value = parse(json, index);
  return value === undefined ? { kind: "foreign" } : { kind: "good", value };
}
