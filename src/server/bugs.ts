import type { HandleContext } from "../events/outcome.ts";
import { systemErrorCode } from "../runtime/errors.ts";

interface Patience {
  /** UTC ms. */
  readonly now: number;
  /** From the first attempt, ms. */
  readonly giveUpAfterMs: number;
}

/**
 * Whether trying again has been tried long enough: an event whose handling fails by a bug each time would hold up its
 * conversation for ever. What the machine refuses (a full disk, no permission) passes, and `status` shows it meanwhile.
 */
export function isHopeless(
  error: unknown,
  { signal, firstAttemptAt }: Pick<HandleContext, "signal" | "firstAttemptAt">,
  { now, giveUpAfterMs }: Patience,
): boolean {
  if (signal.aborted || systemErrorCode(error) !== undefined) return false;
  return now - firstAttemptAt >= giveUpAfterMs;
}
