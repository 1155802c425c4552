import type { JSONSchema7 } from "@ai-sdk/provider";

/** Something a model can do. */
export interface Tool {
  readonly name: string;
  /** Told to the model. */
  readonly description: string;
  readonly parameters: JSONSchema7;
  /** Whether running it twice does no harm. One that is not safe is never run again after a crash. */
  readonly safeToRepeat: boolean;
  /** Resolves with the text for the model. A rejection becomes a failed result that the model can read. */
  run(input: unknown, context: { readonly signal: AbortSignal }): Promise<string>;
}
