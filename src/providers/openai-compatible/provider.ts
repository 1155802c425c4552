import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { fetchWithoutRedirects } from "../fetch-without-redirects.ts";
import type { CompatibleOptions } from "../options.ts";
import type { Model } from "../provider.ts";

/** Any server with an API in the style of OpenAI's chat completions: Ollama, vLLM, llama.cpp, OpenRouter, … */
export function createCompatibleModel(options: CompatibleOptions): Model {
  return createOpenAICompatible({
    name: "openai-compatible",
    baseURL: options.apiBase,
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
    // Without it, streams do not say how many tokens were used.
    includeUsage: true,
    fetch: fetchWithoutRedirects,
  })(options.model);
}
