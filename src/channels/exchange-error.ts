import type { DeliveryFailure } from "./delivery-error.ts";

export interface Verdict {
  /**
   * `no`: nothing of the request was written, or the status of its answer says that it was not taken.
   * `unknown`: something of it was written, and no answer tells what became of it.
   */
  readonly sent: "no" | "unknown";
  /** Exactly how long whoever answered wants to be left alone. */
  readonly retryAfterMs?: number | undefined;
  /** What a person can do about it, where more is known than that the network is in the way. */
  readonly remedy?: string | undefined;
}

/** A request that got no answer in the platform's own words. The message says why, and holds no secret. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly verdict: Verdict;

  constructor(message: string, { cause, ...verdict }: Verdict & ErrorOptions) {
    super(message, cause === undefined ? {} : { cause });
    this.verdict = verdict;
  }
}

/** The one place that tells, for every platform, whether a request without an answer of its own may have been taken. */
export function exchangeFailure({ sent, retryAfterMs }: Verdict): DeliveryFailure {
  if (retryAfterMs !== undefined) return { kind: "rate-limited", retryAfterMs };
  return { kind: "transient", ambiguous: sent === "unknown" };
}
