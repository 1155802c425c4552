import { describe, expect, it } from "vitest";
import {
  type LlmOptions,
  llmOverridesSchema,
  llmSchema,
  overrideLlm,
} from "../../src/providers/options.ts";

const issues = (written: unknown) =>
  llmSchema.safeParse(written).error?.issues.map(({ path, message }) => ({ path, message }));

describe("llmSchema", () => {
  it("asks nothing but the provider for offline, and ignores the rest", () => {
    expect(llmSchema.parse({ provider: "offline" })).toEqual({ provider: "offline" });
    expect(llmSchema.parse({ provider: "offline", model: "m", api_key: "k" })).toEqual({
      provider: "offline",
    });
  });

  it("gives camel case, a base without a slash at its end, and no key for an empty one", () => {
    const written = {
      provider: "OpenAI-Compatible",
      model: " qwen3:8b ",
      api_key: "",
      api_base: "http://127.0.0.1:11434/v1/",
      temperature: 0,
      max_tokens: 100,
    };
    expect(llmSchema.parse(written)).toEqual({
      provider: "openai-compatible",
      model: "qwen3:8b",
      apiBase: "http://127.0.0.1:11434/v1",
      apiKey: undefined,
      temperature: 0,
      maxTokens: 100,
    });
  });

  it.each(["other", "zai", "z_ai", "ZAI"])(
    "takes the former name %s for openai-compatible",
    (provider) => {
      expect(
        llmSchema.parse({ provider, model: "m", api_base: "https://example.com/v1" }),
      ).toMatchObject({
        provider: "openai-compatible",
        apiBase: "https://example.com/v1",
      });
      expect(issues({ provider, model: "m", api_key: "k" })?.[0]?.path).toEqual(["api_base"]);
    },
  );

  it.each([
    [{ provider: "openai", api_key: "k" }, "model"],
    [{ provider: "openai", model: "m" }, "api_key"],
    [{ provider: "anthropic", model: "m", api_key: " " }, "api_key"],
    [{ provider: "google", model: "m" }, "api_key"],
    [{ provider: "openai-compatible", model: "m" }, "api_base"],
    [{ provider: "openai-compatible", api_base: "http://a/v1" }, "model"],
    [{ model: "m" }, "provider"],
    [{ provider: "offline", api_base: "ftp://a" }, "api_base"],
    [{ provider: "offline", api_base: "127.0.0.1:80" }, "api_base"],
    [{ provider: "offline", api_base: "https://me:secret@a/v1" }, "api_base"],
    [{ provider: "offline", temperature: 2.1 }, "temperature"],
    [{ provider: "offline", temperature: -0.1 }, "temperature"],
    [{ provider: "offline", temperature: "0.5" }, "temperature"],
    [{ provider: "offline", max_tokens: 0 }, "max_tokens"],
    [{ provider: "offline", max_tokens: 1.5 }, "max_tokens"],
  ])("refuses %j for its %s", (written, key) => {
    expect(issues(written)?.map(({ path }) => path)).toEqual([[key]]);
  });

  it("names the providers when it does not know one", () => {
    expect(issues({ provider: "ollama" })?.[0]?.message).toMatch(
      /offline, openai.*"openai-compatible"/,
    );
  });

  it("refuses unknown keys, and never repeats a key's value", () => {
    const found = issues({
      provider: "openai",
      apikey: "sk-very-secret",
      api_base: "x:sk-very-secret",
    });
    expect(JSON.stringify(found)).toContain("apikey");
    expect(JSON.stringify(found)).not.toContain("very-secret");
  });
});

describe("overrideLlm", () => {
  const global: LlmOptions = {
    provider: "openai-compatible",
    model: "big",
    apiKey: "global-key",
    apiBase: "https://a.example/v1",
    temperature: 0.7,
  };
  const withOwn = (own: unknown, base: LlmOptions = global) =>
    overrideLlm(base, llmOverridesSchema.parse(own));

  it("puts an agent's own settings over the global ones", () => {
    expect(withOwn({})).toEqual({ kind: "complete", options: { ...global, maxTokens: undefined } });
    expect(withOwn({ model: "small", temperature: 0, max_tokens: 9 })).toMatchObject({
      options: { ...global, model: "small", temperature: 0, maxTokens: 9 },
    });
  });

  it("hands neither key nor address nor model to another provider", () => {
    expect(withOwn({ provider: "openai" })).toMatchObject({ kind: "incomplete", missing: "model" });
    expect(withOwn({ provider: "openai", model: "m" })).toMatchObject({
      kind: "incomplete",
      missing: "api_key",
    });
    expect(withOwn({ provider: "openai", model: "m", api_key: "own" })).toEqual({
      kind: "complete",
      options: {
        provider: "openai",
        model: "m",
        apiKey: "own",
        apiBase: undefined,
        temperature: 0.7,
        maxTokens: undefined,
      },
    });
  });

  it("hands no key to another address", () => {
    expect(withOwn({ api_base: "https://b.example/v1" })).toMatchObject({
      options: { apiBase: "https://b.example/v1", apiKey: undefined, model: "big" },
    });
    expect(withOwn({ api_base: "https://a.example/v1/" })).toMatchObject({
      options: { apiKey: "global-key" },
    });
  });

  it("stays offline unless the agent names a provider", () => {
    const offline: LlmOptions = { provider: "offline" };
    expect(withOwn({ model: "m" }, offline)).toEqual({ kind: "complete", options: offline });
    expect(withOwn({ provider: "offline" })).toEqual({ kind: "complete", options: offline });
  });
});
