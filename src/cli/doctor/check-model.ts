import type { Finding } from "../../channels/channel.ts";
import { createModel } from "../../providers/create-model.ts";
import type { LlmOptions } from "../../providers/options.ts";
import { ModelError } from "../../providers/provider.ts";
import { systemClock } from "../../runtime/clock.ts";
import { errorMessage } from "../../runtime/errors.ts";
import { ok, problem } from "./section.ts";

const PATIENCE_MS = 60_000;

/** Calls the model once, with as few words as possible. */
export async function checkModel(options: LlmOptions): Promise<readonly Finding[]> {
  if (options.provider === "offline") {
    return [
      ok("The built-in offline model answers; for a real one set `llm` in the configuration"),
    ];
  }
  const name = `${options.provider}/${options.model}`;
  const abortSignal = AbortSignal.timeout(PATIENCE_MS);
  const startedAt = systemClock.now();
  try {
    const model = await createModel(options, { clock: systemClock });
    const content = [{ type: "text" as const, text: "Answer with the word: ok" }];
    const { stream } = await model.doStream({ prompt: [{ role: "user", content }], abortSignal });
    for await (const _ of stream) if (abortSignal.aborted) break;
    return [ok(`${name} answers (${systemClock.now() - startedAt} ms)`)];
  } catch (error) {
    const where = options.apiBase === undefined ? "" : ` at ${options.apiBase}`;
    const remedy =
      error instanceof ModelError && error.failure.kind === "transient"
        ? "Check that the service runs and can be reached: llm.api_base"
        : "Check llm.provider, llm.model and llm.api_key";
    return [problem(`${name}${where} does not answer: ${errorMessage(error)}`, remedy)];
  }
}
