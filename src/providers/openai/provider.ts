import { createOpenAI } from "@ai-sdk/openai";
import { fetchWithoutRedirects } from "../fetch-without-redirects.ts";
import type { HostedOptions } from "../options.ts";
import type { Model } from "../provider.ts";

/** OpenAI by its chat completions, which every proxy of it understands too. */
export function createOpenAIModel(options: HostedOptions): Model {
  // Key and address are always given: left out, the library would look for them in the environment.
  return createOpenAI({
    baseURL: options.apiBase ?? "https://api.openai.com/v1",
    apiKey: options.apiKey ?? "none",
    fetch: fetchWithoutRedirects,
  }).chat(options.model);
}
