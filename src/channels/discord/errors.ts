import { DiscordAPIError, HTTPError, RateLimitError } from "discord.js";
import { errorMessage } from "../../runtime/errors.ts";
import { DeliveryError, type DeliveryFailure } from "../delivery-error.ts";
import { ExchangeError, exchangeFailure } from "../exchange-error.ts";

/** Discord's codes for what will never work: this chat, or this text. */
const PERMANENT_CODES = new Set<number | string>([
  10_003, // Unknown Channel
  10_008, // Unknown Message: it was posted with this nonce, and someone has deleted it since
  20_009, // Explicit content cannot be sent to the recipient
  50_001, // Missing Access
  50_006, // Cannot send an empty message
  50_007, // Cannot send messages to this user
  50_008, // Cannot send messages in a non-text channel
  50_013, // Missing Permissions
  50_019, // A message can only be pinned in the channel it was sent in
  50_024, // Cannot execute this action on this channel type
  50_035, // Invalid Form Body
  50_083, // The thread is archived
  50_278, // No mutual guilds
  200_000, // Blocked by AutoMod
  200_001, // The title was blocked by AutoMod
  240_000, // Harmful link
]);

/** Discord said nothing usable about how long: a short while. */
const UNKNOWN_RATE_LIMIT_MS = 1_000;

/** What a request of the REST client threw, in the delivery worker's words. */
export function toDeliveryError(thrown: unknown, action: string): DeliveryError {
  if (thrown instanceof DeliveryError) return thrown;
  const message = `Cannot ${action}: ${reasonOf(thrown)}`;
  return new DeliveryError(message, failureOf(thrown), { cause: thrown });
}

/** In words for a person: some of the library's errors have no message, others none but a code. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof RateLimitError)
    return `rate limited for ${Math.ceil(thrown.retryAfter)} ms`;
  if (thrown instanceof HTTPError) return `HTTP status ${thrown.status}`;
  if (thrown instanceof DiscordAPIError) return `${errorMessage(thrown)} (${thrown.code})`;
  return errorMessage(thrown);
}

/** The bot's token is not (or no longer) accepted. */
export function isTokenRefused(thrown: unknown): boolean {
  return thrown instanceof DiscordAPIError && thrown.status === 401;
}

/** Discord has understood the request and will not do it: asking again is of no use. */
export function isRefused(thrown: unknown): boolean {
  return thrown instanceof DiscordAPIError && thrown.status !== 401 && hasDiscordCode(thrown);
}

/** The channel is gone, or the bot may not read it. */
export function isChannelClosed(thrown: unknown): boolean {
  if (!(thrown instanceof DiscordAPIError)) return false;
  return isRefused(thrown) && (thrown.status === 403 || thrown.status === 404);
}

/** To quote a message takes the right Read Message History. */
export const isQuoteRefused = (thrown: unknown): boolean =>
  thrown instanceof DiscordAPIError && thrown.code === 160_002;

/** A proxy's 404 has no code of Discord's, a mistake in `api_root` has code 0. */
const hasDiscordCode = ({ code }: DiscordAPIError) => typeof code === "number" && code > 0;

function failureOf(thrown: unknown): DeliveryFailure {
  const retryAfterMs = rateLimitOf(thrown);
  if (retryAfterMs !== undefined) return { kind: "rate-limited", retryAfterMs };
  if (isTokenRefused(thrown)) return { kind: "disconnected" };
  if (thrown instanceof DiscordAPIError) {
    return PERMANENT_CODES.has(thrown.code)
      ? { kind: "permanent" }
      : { kind: "transient", ambiguous: false };
  }
  if (thrown instanceof ExchangeError) return exchangeFailure(thrown.verdict);
  // 5xx, or an answer that could not be read: the message may be there.
  return { kind: "transient", ambiguous: true };
}

/** Milliseconds until Discord takes the request; undefined for any other failure. */
export function rateLimitOf(thrown: unknown): number | undefined {
  if (thrown instanceof ExchangeError) return thrown.verdict.retryAfterMs;
  if (!(thrown instanceof RateLimitError)) return undefined;
  return Math.ceil(thrown.retryAfter) || UNKNOWN_RATE_LIMIT_MS;
}
