import type { LanguageModelV3 } from "@ai-sdk/provider";

/** The AI SDK's model interface is the one path to every model, the built-in offline one included. */
export type Model = LanguageModelV3;

/**
 * Why a model call failed, in the only words that the turn knows.
 * `transient`: the same call may work later (network, time-out, 429, 5xx, stream cut off).
 * `permanent`: it will not (key refused, unknown model, request refused).
 */
export type ModelFailure =
  | { readonly kind: "transient"; readonly retryAfterMs?: number | undefined }
  | { readonly kind: "permanent" };

/** A failed model call. `message` is for the log; `publicText` is one short sentence for the person in the chat. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly failure: ModelFailure;
  readonly publicText: string;

  constructor(
    message: string,
    details: { failure: ModelFailure; publicText: string; cause?: unknown },
  ) {
    super(message, { cause: details.cause });
    this.failure = details.failure;
    this.publicText = details.publicText;
  }
}
