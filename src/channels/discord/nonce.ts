import { createHash } from "node:crypto";

/** Discord's limit. */
const NONCE_LENGTH = 25;

/**
 * Discord remembers a nonce for "the past few minutes", and within that time answers with the message that it already
 * has. How long that is it does not say, and our clock could not tell: so nothing here counts on it alone. It covers
 * what the history cannot show yet, a post that is still on its way.
 *
 * The same for each attempt of a part, another one for each other text: a notice must not swallow an answer.
 */
export function nonceOf(idempotencyKey: string): string {
  return createHash("sha256").update(idempotencyKey).digest("base64url").slice(0, NONCE_LENGTH);
}
