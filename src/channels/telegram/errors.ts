import { GrammyError, HttpError } from "grammy";
import { ZodError } from "zod";
import { errorMessage } from "../../runtime/errors.ts";
import { DeliveryError, type DeliveryFailure } from "../delivery-error.ts";

/**
 * What a failed call tells about its request. `reason` never holds the token.
 *
 * - `refused`: the Bot API has answered, with an error.
 * - `not-sent`: the request never left: no connection, no name, no certificate.
 * - `unknown`: it may have been processed: cut off, no answer in time, an answer that is not the Bot API's.
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
  | { readonly kind: "not-sent"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

const NOT_THE_BOT_API = "the answer is not one of the Bot API";

/** How long to wait when Telegram says "too many requests" without saying how long. */
const DEFAULT_RETRY_AFTER_MS = 5_000;

export function readFailure(thrown: unknown): CallFailure {
  if (thrown instanceof GrammyError) return readRefusal(thrown);
  if (thrown instanceof HttpError) return readHttpError(thrown.error);
  if (thrown instanceof ZodError) return { kind: "unknown", reason: NOT_THE_BOT_API };
  return { kind: "unknown", reason: withoutToken(errorMessage(thrown)) };
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
    retryAfterMs: retryAfter === undefined ? undefined : retryAfter * 1000,
    migrateTo: migrateTo === undefined ? undefined : String(migrateTo),
  };
}

function readHttpError(error: unknown): CallFailure {
  const message = errorMessage(error);
  const code = codeOf(error);
  // node-fetch: "request to <URL with the token> failed, reason: connect ECONNREFUSED 127.0.0.1:443".
  const [, words] = /reason: ?(.*)$/.exec(message) ?? [];
  const reason = withoutToken(words ?? message);
  if (isNotSent(reason, code)) return { kind: "not-sent", reason: reason || `connect ${code}` };
  if (isInvalidJson(error)) {
    return { kind: "unknown", reason: NOT_THE_BOT_API };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return { kind: "unknown", reason: "no answer in time" };
  }
  return { kind: "unknown", reason };
}

/** Only what can happen to no request that was written: a name, a connection or a TLS handshake that failed. */
function isNotSent(reason: string, code: string | undefined): boolean {
  if (code === undefined) return false;
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN") return true;
  // A name has several addresses and none of them could be connected: then there are no words.
  if (reason === "" || /^(connect|getaddrinfo) /.test(reason)) return true;
  if (/disconnected before secure TLS connection was established/.test(reason)) return true;
  return CERTIFICATE_ERRORS.test(code);
}

const CERTIFICATE_ERRORS =
  /^(CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_\w+)$/;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const isInvalidJson = (error: unknown) =>
  typeof error === "object" && error !== null && "type" in error && error.type === "invalid-json";

const withoutToken = (text: string) => text.replace(/\/bot[^/\s"']+/g, "/bot<token>");

/** The failure in the delivery worker's words. */
export function deliveryFailure(failure: CallFailure): DeliveryFailure {
  if (failure.kind !== "refused") {
    return { kind: "transient", ambiguous: failure.kind === "unknown" };
  }
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
