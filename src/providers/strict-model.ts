import type { LanguageModelV3StreamPart } from "@ai-sdk/provider";
import { asModelError, cutOff } from "./model-errors.ts";
import type { CallSettings } from "./options.ts";
import type { Model } from "./provider.ts";

/**
 * A model as the rest of the program may count on it:
 * - the settings go with each call; a call's own ones win;
 * - calls and streams fail with the reason of the call's abort signal if that has aborted, else with a ModelError;
 * - a stream that ends well has had a `finish` for which the model gave a reason. So an answer that was cut off (the
 *   connection closed politely, an `error` in the middle) is never taken for a whole one.
 */
export function strictModel(model: Model, settings: CallSettings): Model {
  const defaults = {
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === undefined ? {} : { maxOutputTokens: settings.maxTokens }),
  };
  return {
    specificationVersion: model.specificationVersion,
    provider: model.provider,
    modelId: model.modelId,
    supportedUrls: model.supportedUrls,
    doGenerate: (call) =>
      failPlainly(() => model.doGenerate({ ...defaults, ...call }), call.abortSignal),
    async doStream(call) {
      const { abortSignal } = call;
      const result = await failPlainly(() => model.doStream({ ...defaults, ...call }), abortSignal);
      return { ...result, stream: strictStream(result.stream, abortSignal) };
    },
  };
}

async function failPlainly<T>(
  run: () => PromiseLike<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    signal?.throwIfAborted();
    throw asModelError(error);
  }
}

function strictStream(
  source: ReadableStream<LanguageModelV3StreamPart>,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV3StreamPart> {
  const reader = source.getReader();
  let finished = false;
  const next = async () => {
    const { done, value } = await failPlainly(() => reader.read(), signal);
    if (done && !finished) throw cutOff();
    if (value?.type === "error") throw asModelError(value.error);
    finished ||= value !== undefined && isRealFinish(value);
    return value;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const part = await next();
        if (part) controller.enqueue(part);
        else controller.close();
      } catch (error) {
        await endRequest(reader, error);
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** A source that has failed has no request left, and says so once more: the reader of the strict stream hears `error`. */
async function endRequest(reader: ReadableStreamDefaultReader, error: unknown): Promise<void> {
  await Promise.allSettled([reader.cancel(error)]);
}

/** Adapters begin with "other" and no word of the model's own; both stay so if the stream just stops. */
function isRealFinish(part: LanguageModelV3StreamPart): boolean {
  if (part.type !== "finish") return false;
  if (part.finishReason.raw === undefined && part.finishReason.unified === "other") throw cutOff();
  return true;
}
