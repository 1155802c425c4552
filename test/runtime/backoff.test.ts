import { describe, expect, test } from "vitest";
import { backoffMs } from "../../src/runtime/backoff.ts";

const wait = (attempt: number, random: number) =>
  backoffMs(attempt, { firstMs: 1000, maxMs: 600_000, random: () => random });

describe("backoffMs", () => {
  test("doubles from the first wait to the longest", () => {
    const waits = Array.from({ length: 12 }, (_, index) => wait(index + 1, 0.5));
    expect(waits).toEqual([
      1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 600_000, 600_000,
    ]);
  });

  test("spreads waiters by a fifth both ways", () => {
    expect(wait(1, 0)).toBe(800);
    expect(wait(1, 0.999999)).toBe(1200);
  });

  test("stays at the longest after very many attempts", () => {
    expect(wait(100_000, 0.5)).toBe(600_000);
  });
});
