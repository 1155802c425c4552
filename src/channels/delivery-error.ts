/**
 * Why a send failed, in the only words that the delivery worker knows; adapters translate their platform's errors.
 *
 * - `transient`: later it may work (network, 5xx). `ambiguous` tells whether the platform may have posted it.
 * - `rate-limited`: the platform said when: wait exactly `retryAfterMs`.
 * - `permanent`: it will never work (blocked, chat gone, text refused in every form).
 * - `disconnected`: the whole channel cannot send now (token refused, not connected): not an attempt.
 */
export type DeliveryFailure =
  | { readonly kind: "transient"; readonly ambiguous: boolean }
  | { readonly kind: "rate-limited"; readonly retryAfterMs: number }
  | { readonly kind: "permanent" }
  | { readonly kind: "disconnected" };

export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  readonly failure: DeliveryFailure;

  constructor(message: string, failure: DeliveryFailure, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
