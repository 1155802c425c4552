import type {
  LanguageModelV3Content,
  LanguageModelV3FinishReason,
  LanguageModelV3Prompt,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from "@ai-sdk/provider";
import type { Clock } from "../../runtime/clock.ts";
import type { Model } from "../provider.ts";
import { answer } from "./answer.ts";

const FINISH_REASON: LanguageModelV3FinishReason = { unified: "stop", raw: "stop" };
/** It counts no tokens. */
const USAGE: LanguageModelV3Usage = {
  inputTokens: {
    total: undefined,
    noCache: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
  },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

/**
 * The built-in model: needs no key and no network. It goes by the person's messages in the prompt and by the clock,
 * calls no tools, and streams word by word.
 */
export function createOfflineModel(deps: { readonly clock: Pick<Clock, "now"> }): Model {
  const reply = (prompt: LanguageModelV3Prompt) =>
    answer({ messages: userTexts(prompt), now: new Date(deps.clock.now()) });
  return {
    specificationVersion: "v3",
    provider: "offline",
    modelId: "offline",
    supportedUrls: {},
    async doGenerate({ prompt, abortSignal }) {
      abortSignal?.throwIfAborted();
      const content: LanguageModelV3Content[] = [{ type: "text", text: reply(prompt) }];
      return { content, finishReason: FINISH_REASON, usage: USAGE, warnings: [] };
    },
    async doStream({ prompt, abortSignal }) {
      abortSignal?.throwIfAborted();
      return { stream: streamParts(partsOf(reply(prompt)), abortSignal) };
    },
  };
}

function userTexts(prompt: LanguageModelV3Prompt): string[] {
  return prompt
    .filter((message) => message.role === "user")
    .map(({ content }) =>
      content.map((part) => (part.type === "text" ? part.text : "")).join("\n"),
    );
}

function* partsOf(text: string): Generator<LanguageModelV3StreamPart> {
  const id = "answer";
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id };
  for (const [word] of text.matchAll(/\s*\S+\s*/g)) yield { type: "text-delta", id, delta: word };
  yield { type: "text-end", id };
  yield { type: "finish", finishReason: FINISH_REASON, usage: USAGE };
}

function streamParts(
  parts: Generator<LanguageModelV3StreamPart>,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV3StreamPart> {
  return new ReadableStream({
    pull(controller) {
      signal?.throwIfAborted();
      const { done, value } = parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
