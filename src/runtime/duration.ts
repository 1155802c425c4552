import * as z from "zod";

const UNITS = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);
const FORM = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/;
/** A hundred years: whatever is longer is a slip of the finger, and would not survive arithmetic with times. */
const LONGEST_MS = 36_500 * 86_400_000;

/** "500ms", "30s", "10m", "24h", "2d" as milliseconds, and so is a number alone; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = "ms"] = FORM.exec(text.trim()) ?? [];
  const size = UNITS.get(unit);
  return count === undefined || size === undefined ? undefined : Math.round(Number(count) * size);
}

/** In the largest unit up to hours that needs no fraction: "48h", "90s", "1500ms". */
export function formatDuration(ms: number): string {
  const fits = ([unit, size]: [string, number]) => unit !== "d" && ms >= size && ms % size === 0;
  const [unit, size] = [...UNITS].findLast(fits) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}

/** A setting that is a duration: text with a unit, or a plain number of ms. Comes out as ms. */
export function durationSchema(limits: { minMs?: number } = {}) {
  const minMs = limits.minMs ?? 1;
  return z.union([z.string(), z.number()]).transform((given, context) => {
    const ms = typeof given === "number" ? given : parseDuration(given);
    const message = ms === undefined ? "write a duration such as 30s, 10m or 24h" : bad(ms, minMs);
    if (ms !== undefined && message === undefined) return ms;
    context.addIssue({ code: "custom", message, input: given });
    return z.NEVER;
  });
}

function bad(ms: number, minMs: number): string | undefined {
  if (ms < minMs) return `write at least ${formatDuration(minMs)}`;
  return ms > LONGEST_MS ? `write at most ${formatDuration(LONGEST_MS)}` : undefined;
}
