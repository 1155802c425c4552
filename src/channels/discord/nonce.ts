import { createHash } from "node:crypto";

/** Discord's limit. */
const NONCE_LENGTH = 25;

/**
 * How long a part may be sent again without a second look: Discord remembers a nonce for "the past few minutes", and
 * within that time answers with the message that it already has. Afterwards the history has to be read.
 */
export const NONCE_WINDOW_MS = 120_000;

/** The same for each attempt of a part, another one for each other text: a notice must not swallow an answer. */
export function nonceOf(idempotencyKey: string): string {
  return createHash("sha256").update(idempotencyKey).digest("base64url").slice(0, NONCE_LENGTH);
}
