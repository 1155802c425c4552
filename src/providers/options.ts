import * as z from "zod";

/** Which model answers, as the adapters want it. */
export type LlmOptions = OfflineOptions | RemoteOptions;

export interface OfflineOptions {
  readonly provider: "offline";
}

export type RemoteOptions = HostedOptions | CompatibleOptions;

/** A service with an address of its own. `apiKey` is given unless `apiBase` is (a proxy may need no key). */
export interface HostedOptions extends CallSettings {
  readonly provider: "openai" | "anthropic" | "google";
  readonly model: string;
  readonly apiKey?: string | undefined;
  /** Without a slash at the end: ".../v1" for OpenAI and Anthropic, ".../v1beta" for Google. */
  readonly apiBase?: string | undefined;
}

/** Any server with an API in the style of OpenAI's chat completions. */
export interface CompatibleOptions extends CallSettings {
  readonly provider: "openai-compatible";
  readonly model: string;
  readonly apiKey?: string | undefined;
  readonly apiBase: string;
}

/** Sent with each call; where one is absent, the service's own default counts. */
export interface CallSettings {
  readonly temperature?: number | undefined;
  /** Longest answer, in tokens. */
  readonly maxTokens?: number | undefined;
}

/** What an agent says of its own about its model; the rest comes from the global `llm`. */
export interface LlmOverrides extends CallSettings {
  readonly provider?: LlmOptions["provider"] | undefined;
  readonly model?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly apiBase?: string | undefined;
}

const PROVIDERS = ["offline", "openai", "anthropic", "google", "openai-compatible"] as const;
/** Names that older configurations have for servers with an API in OpenAI's style. */
const FORMER_NAMES = new Set(["other", "zai", "z_ai"]);

const providerSchema = z
  .string()
  .transform((name) => name.trim().toLowerCase())
  .transform((name) => (FORMER_NAMES.has(name) ? "openai-compatible" : name))
  .pipe(
    z.enum(PROVIDERS, {
      error: `Write one of ${PROVIDERS.join(", ")} (any other server with an API in OpenAI's style is "openai-compatible", with its api_base)`,
    }),
  );

const apiBaseSchema = z
  .url({ protocol: /^https?$/, error: "Write an address that starts with http:// or https://" })
  .refine((url) => !/^\w+:\/\/[^/]*@/.test(url), {
    error: "Put the key into api_key: an address must not contain a user name or password",
  })
  .transform((url) => url.replace(/\/+$/, ""));

/** An empty key, as in `${LLM_API_KEY:-}`, is no key. */
const keySchema = z.string().transform((key) => key.trim() || undefined);

const llmShape = {
  provider: providerSchema,
  model: z.string().trim().min(1).optional(),
  api_key: keySchema.optional(),
  api_base: apiBaseSchema.optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().positive().optional(),
};

const ownShape = { ...llmShape, provider: providerSchema.optional() };
type Written = z.output<z.ZodObject<typeof ownShape>>;

function inCamelCase(written: Written): LlmOverrides {
  return {
    provider: written.provider,
    model: written.model,
    apiKey: written.api_key,
    apiBase: written.api_base,
    temperature: written.temperature,
    maxTokens: written.max_tokens,
  };
}

/** The global `llm` section. */
export const llmSchema = z.strictObject(llmShape).transform((written, context): LlmOptions => {
  const result = complete(inCamelCase(written));
  if (result.kind === "complete") return result.options;
  context.addIssue({ code: "custom", path: [result.missing], message: result.reason });
  return z.NEVER;
});

/** The `llm` section of one agent. Whether it is enough is known only after `overrideLlm`. */
export const llmOverridesSchema = z.strictObject(ownShape).transform(inCamelCase);

type Completed = { readonly kind: "complete"; readonly options: LlmOptions } | Incomplete;

interface Incomplete {
  readonly kind: "incomplete";
  /** The key that has to be written, and a sentence about it. */
  readonly missing: "provider" | "model" | "api_key" | "api_base";
  readonly reason: string;
}

/**
 * An agent's own settings over the global ones. Model, address and key go with their provider, and the key with its
 * address, so that no key reaches a service that it was not made for.
 */
export function overrideLlm(global: LlmOptions, own: LlmOverrides): Completed {
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return complete({ ...inheritable(global, own), ...Object.fromEntries(given) });
}

function inheritable(global: LlmOverrides, own: LlmOverrides): LlmOverrides {
  const { temperature, maxTokens } = global;
  if (own.provider && own.provider !== global.provider) return { temperature, maxTokens };
  const isElsewhere = own.apiBase !== undefined && own.apiBase !== global.apiBase;
  return isElsewhere ? { ...global, apiKey: undefined } : global;
}

function complete(given: LlmOverrides): Completed {
  const { provider, model, apiKey, apiBase, temperature, maxTokens } = given;
  if (provider === undefined) return incomplete("provider", `Write one of ${PROVIDERS.join(", ")}`);
  if (provider === "offline") return { kind: "complete", options: { provider } };
  if (model === undefined) return incomplete("model", `Write the name of a model of "${provider}"`);
  const settings = { model, apiKey, temperature, maxTokens };
  if (provider === "openai-compatible") {
    return apiBase === undefined
      ? incomplete("api_base", "Write the server's address, such as http://127.0.0.1:11434/v1")
      : { kind: "complete", options: { provider, apiBase, ...settings } };
  }
  if (apiKey === undefined && apiBase === undefined) {
    return incomplete("api_key", `Write the key for "${provider}"`);
  }
  return { kind: "complete", options: { provider, apiBase, ...settings } };
}

function incomplete(missing: Incomplete["missing"], reason: string): Incomplete {
  return { kind: "incomplete", missing, reason };
}
