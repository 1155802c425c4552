import { GrammyError, HttpError } from "grammy";
import { ZodError } from "zod";
import { errorMessage } from "../../runtime/errors.ts";
import { DeliveryError, type DeliveryFailure } from "../delivery-error.ts";
import { ExchangeError, exchangeFailure, type Verdict } from "../exchange-error.ts";
import { boundedWaitMs } from "../retry-after.ts";

/**
 * What a failed call tells about its request. `reason` never holds the token.
 *
 * - `refused`: the Bot API has answered, with an error.
 * - `unanswered`: it has not; the verdict knows whether it may have been processed.
 */
export type CallFailure =
  | {
      readonly kind: "refused";
      readonly reason: string;
      readonly code: number;
      readonly description: string;
      readonly retryAfterMs: number | undefined;
      readonly migrateTo: string | undefined;
    }
  | { readonly kind: "unanswered"; readonly reason: string; readonly verdict: Verdict };

const NOT_THE_BOT_API = "the answer is not one of the Bot API";

/** How long to wait when Telegram says "too many requests" without saying how long. */
const DEFAULT_RETRY_AFTER_MS = 5_000;

export function readFailure(thrown: unknown): CallFailure {
  if (thrown instanceof GrammyError) return readRefusal(thrown);
  const error = thrown instanceof HttpError ? thrown.error : thrown;
  const reason = error instanceof ZodError ? NOT_THE_BOT_API : withoutToken(errorMessage(error));
  const verdict: Verdict = error instanceof ExchangeError ? error.verdict : { sent: "unknown" };
  return { kind: "unanswered", reason, verdict };
}

/** Whether a call can have failed with this; anything else is a bug. */
export const isCallError = (thrown: unknown): boolean =>
  thrown instanceof GrammyError || thrown instanceof HttpError || thrown instanceof ZodError;

function readRefusal(error: GrammyError): CallFailure {
  const { retry_after: retryAfter, migrate_to_chat_id: migrateTo } = error.parameters;
  return {
    kind: "refused",
    reason: withoutToken(`Telegram answered ${error.error_code}: ${error.description}`),
    code: error.error_code,
    description: error.description,
    retryAfterMs: retryAfter === undefined ? undefined : boundedWaitMs(retryAfter * 1000),
    migrateTo: migrateTo === undefined ? undefined : String(migrateTo),
  };
}

const withoutToken = (text: string) => text.replace(/\/bot[^/\s"']+/g, "/bot<token>");

/** The failure in the delivery worker's words. */
export function deliveryFailure(failure: CallFailure): DeliveryFailure {
  if (failure.kind === "unanswered") return exchangeFailure(failure.verdict);
  const { code } = failure;
  if (code >= 500) return { kind: "transient", ambiguous: true };
  if (code === 429) {
    return { kind: "rate-limited", retryAfterMs: failure.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS };
  }
  // Any 404 that is not about a method is about the whole token.
  if (code === 401 || code === 404) return { kind: "disconnected" };
  if (code === 400 || code === 403 || code === 413) return { kind: "permanent" };
  return { kind: "transient", ambiguous: false };
}

/** `action` completes "Cannot …", without the token. */
export function toDeliveryError(action: string, failure: CallFailure): DeliveryError {
  return new DeliveryError(`Cannot ${action}: ${failure.reason}`, deliveryFailure(failure));
}
