import { createAnthropic } from "@ai-sdk/anthropic";
import { fetchWithoutRedirects } from "../fetch-without-redirects.ts";
import type { HostedOptions } from "../options.ts";
import type { Model } from "../provider.ts";

export function createAnthropicModel(options: HostedOptions): Model {
  // Key and address are always given: left out, the library would look for them in the environment.
  return createAnthropic({
    baseURL: options.apiBase ?? "https://api.anthropic.com/v1",
    apiKey: options.apiKey ?? "none",
    fetch: fetchWithoutRedirects,
  })(options.model);
}
