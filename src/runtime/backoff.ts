export interface BackoffOptions {
  /** Milliseconds before the second attempt. */
  readonly firstMs: number;
  /** No wait is longer than this (before jitter). */
  readonly maxMs: number;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
}

/** Milliseconds to wait after `attempt` (1 = the first one failed): doubling, ±20 % so that many waiters spread out. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const base = Math.min(options.firstMs * 2 ** (attempt - 1), options.maxMs);
  return Math.round(base * (0.8 + 0.4 * options.random()));
}
