import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { fetchWithoutRedirects } from "../fetch-without-redirects.ts";
import type { HostedOptions } from "../options.ts";
import type { Model } from "../provider.ts";

export function createGoogleModel(options: HostedOptions): Model {
  // Key and address are always given: left out, the library would look for them in the environment.
  return createGoogleGenerativeAI({
    baseURL: options.apiBase ?? "https://generativelanguage.googleapis.com/v1beta",
    apiKey: options.apiKey ?? "none",
    fetch: fetchWithoutRedirects,
  })(options.model);
}
