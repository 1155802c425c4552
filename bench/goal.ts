import type { Goal } from "./bench.ts";

export type Wanted = { readonly unit?: string } & (
  | { readonly atLeast: number }
  | { readonly atMost: number }
);

/** Compares a figure with what is wanted. NaN reaches nothing. */
export function goal(text: string, measured: number, wanted: Wanted): Goal {
  const { unit = "×" } = wanted;
  const isLeast = "atLeast" in wanted;
  const limit = isLeast ? wanted.atLeast : wanted.atMost;
  return {
    text,
    wanted: `${isLeast ? "≥" : "≤"} ${limit} ${unit}`,
    measured: Number.isNaN(measured) ? "–" : `${Number(measured.toPrecision(3))} ${unit}`,
    reached: isLeast ? measured >= limit : measured <= limit,
  };
}
