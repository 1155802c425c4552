import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LanguageModelV3CallOptions, LanguageModelV3StreamPart } from "@ai-sdk/provider";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createModel } from "../../src/providers/create-model.ts";
import { asModelError } from "../../src/providers/model-errors.ts";
import type { CallSettings, RemoteOptions } from "../../src/providers/options.ts";
import { type Model, ModelError } from "../../src/providers/provider.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type FakeModel, startFakeModel } from "../fakes/model.ts";

const KEY = "sk-test-0123456789";
const PROVIDERS = ["openai", "anthropic", "google", "openai-compatible"] as const;

let fake: FakeModel;
beforeEach(async () => {
  fake = await startFakeModel();
});
afterEach(() => fake.stop());

type Settings = CallSettings & { apiKey?: string | undefined; apiBase?: string };

function load(provider: RemoteOptions["provider"], settings: Settings = {}) {
  const apiBase = provider === "google" ? fake.googleApiBase : fake.apiBase;
  const options = { model: "test-model", apiKey: KEY, apiBase, ...settings, provider };
  return createModel(options, { clock: systemClock });
}

const asking = (text: string): LanguageModelV3CallOptions => ({
  prompt: [
    { role: "system", content: "Be short." },
    { role: "user", content: [{ type: "text", text }] },
  ],
});

/** Reads a whole stream. What came before a failure is in `seen`. */
async function read(model: Model, options: LanguageModelV3CallOptions, seen: string[] = []) {
  const { stream } = await model.doStream(options);
  const parts: LanguageModelV3StreamPart[] = [];
  for await (const part of stream) {
    parts.push(part);
    if (part.type === "text-delta") seen.push(part.delta);
  }
  return { parts, text: seen.join("") };
}

async function failure(model: Model, options: LanguageModelV3CallOptions, seen: string[] = []) {
  const error: unknown = await read(model, options, seen).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ModelError)) throw new Error("Expected a ModelError", { cause: error });
  return error;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("The condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe.each(PROVIDERS)("createModel for %s", (provider) => {
  it("streams text, with the configured settings and key in the request", async () => {
    const model = await load(provider, { temperature: 0.5, maxTokens: 77 });
    const { text, parts } = await read(model, asking("hello there"));
    expect(text).toBe("echo: hello there");
    expect(parts.at(-1)).toMatchObject({ type: "finish", finishReason: { unified: "stop" } });
    const [request] = fake.requests;
    expect(request?.body).toMatchObject({ temperature: 0.5, max_tokens: 77 });
    expect(JSON.stringify(request?.headers)).toContain(KEY);
  });

  it("lets a call's own settings win, and answers in one piece too", async () => {
    const model = await load(provider, { temperature: 0.5 });
    const { content } = await model.doGenerate({ ...asking("hello"), temperature: 0.1 });
    expect(content).toMatchObject([{ type: "text", text: "echo: hello" }]);
    expect(fake.requests[0]?.body.temperature).toBe(0.1);
  });

  it("gives a tool call's arguments as JSON text", async () => {
    fake.next({ kind: "tool-call", name: "weather", input: { city: "Paris", days: 2 } });
    const inputSchema = { type: "object", properties: { city: { type: "string" } } } as const;
    const { parts } = await read(await load(provider), {
      ...asking("weather?"),
      tools: [{ type: "function", name: "weather", inputSchema }],
    });
    const call = parts.find((part) => part.type === "tool-call");
    expect(call).toMatchObject({ toolName: "weather", toolCallId: expect.stringMatching(/./) });
    expect(JSON.parse(call?.input ?? "")).toEqual({ city: "Paris", days: 2 });
  });

  it("fails for good on a refused key, without repeating the key", async () => {
    fake.next({ kind: "error", status: 401, message: `Incorrect API key provided: ${KEY}` });
    const error = await failure(await load(provider), asking("hi"));
    expect(error.failure).toEqual({ kind: "permanent" });
    expect(error.publicText).toMatch(/key/);
    expect(error.message).toContain("HTTP 401");
    expect(`${error.stack} ${error.publicText} ${JSON.stringify(error)}`).not.toContain(KEY);
  });

  it("says when to come back after a 429", async () => {
    fake.next({ kind: "error", status: 429, message: "slow down", retryAfter: 7 });
    const error = await failure(await load(provider), asking("hi"));
    expect(error.failure).toEqual({ kind: "transient", retryAfterMs: 7_000 });
  });

  it("makes one request only when the service fails", async () => {
    fake.answer(() => ({ kind: "error", status: 500 }));
    const error = await failure(await load(provider), asking("hi"));
    expect(error.failure.kind).toBe("transient");
    expect(fake.requests).toHaveLength(1);
  });

  it.each(["die", "end-early"] as const)(
    "fails transiently when the stream is cut (%s)",
    async (kind) => {
      fake.next({ kind, text: "a long answer that never comes to its end", events: 3 });
      const seen: string[] = [];
      const error = await failure(await load(provider), asking("hi"), seen);
      expect(seen.join("")).toMatch(/^a long/);
      expect(error.failure.kind).toBe("transient");
      expect(error.publicText).not.toMatch(/stream|HTTP|\d/);
      expect(fake.requests).toHaveLength(1);
    },
  );

  it("fails transiently on an answer that cannot be read", async () => {
    const headers = { "content-type": "text/event-stream" };
    fake.next({ kind: "raw", status: 200, headers, body: "data: {not json\n\n" });
    const error = await failure(await load(provider), asking("hi"));
    expect(error.failure.kind).toBe("transient");
  });

  it("fails transiently on a proxy's page, without its HTML", async () => {
    const body = "<html><style>p{}</style><body><h1>502 Bad Gateway</h1></body></html>";
    fake.next({ kind: "raw", status: 502, headers: { "content-type": "text/html" }, body });
    const error = await failure(await load(provider), asking("hi"));
    expect(error.failure.kind).toBe("transient");
    expect(error.message).toMatch(/HTTP 502.*Bad Gateway/);
    expect(error.message + error.publicText).not.toMatch(/[<>]|p\{/);
  });

  it.each([0, 3])(
    "stops a stalled call when the signal aborts, after %i events",
    async (events) => {
      fake.next({ kind: "stall", text: "a long answer that never comes to its end", events });
      const controller = new AbortController();
      const reason = new Error("stopped by the person");
      const model = await load(provider);
      const seen: string[] = [];
      const call = read(model, { ...asking("hi"), abortSignal: controller.signal }, seen);
      const outcome = expect(call).rejects.toBe(reason);
      await until(() => (events === 0 ? fake.requests.length === 1 : seen.length > 0));
      controller.abort(reason);
      await outcome;
      await until(() => fake.requests[0]?.state === "abandoned");
    },
  );

  it("hangs up when the reader of the stream loses interest", async () => {
    fake.next({ kind: "stall", text: "a long answer that never comes to its end", events: 3 });
    const { stream } = await (await load(provider)).doStream(asking("hi"));
    await stream.cancel();
    await until(() => fake.requests[0]?.state === "abandoned");
  });

  it("follows no redirect, so that key and conversation stay where they belong", async () => {
    const other = await startFakeModel();
    try {
      const location = `${other.url}/v1/chat/completions`;
      fake.next({ kind: "raw", status: 307, headers: { location }, body: "" });
      const error = await failure(await load(provider), asking("hi"));
      expect(error.failure.kind).toBe("permanent");
      expect(other.requests).toHaveLength(0);
    } finally {
      await other.stop();
    }
  });

  it("fails transiently when nobody listens at the address", async () => {
    const apiBase = fake.apiBase;
    await fake.stop();
    const error = await failure(await load(provider, { apiBase }), asking("hi"));
    expect(error.failure.kind).toBe("transient");
    expect(error.message).toContain("ECONNREFUSED");
    fake = await startFakeModel();
  });
});

describe("createModel", () => {
  it("sends no key to a compatible server that has none", async () => {
    await read(await load("openai-compatible", { apiKey: undefined }), asking("hi"));
    expect(fake.requests[0]?.headers.authorization).toBeUndefined();
  });

  it.each(["openai", "anthropic", "google"] as const)(
    "takes no key from the environment (%s)",
    async (provider) => {
      for (const name of ["OPENAI", "ANTHROPIC", "GOOGLE_GENERATIVE_AI"]) {
        vi.stubEnv(`${name}_API_KEY`, "from-the-environment");
        vi.stubEnv(`${name}_BASE_URL`, "http://127.0.0.1:9");
      }
      try {
        await read(await load(provider, { apiKey: undefined }), asking("hi"));
        expect(fake.requests).toHaveLength(1);
        expect(JSON.stringify(fake.requests[0]?.headers)).not.toContain("from-the-environment");
      } finally {
        vi.unstubAllEnvs();
      }
    },
  );

  it("turns an error in the middle of a stream into a ModelError, and hangs up", async () => {
    const events = [
      { choices: [{ index: 0, delta: { content: "so far" } }] },
      { error: { message: "Provider disconnected", code: 502 } },
    ];
    const body = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
    const headers = { "content-type": "text/event-stream" };
    fake.next({ kind: "raw", status: 200, headers, body, open: true });
    const error = await failure(await load("openai-compatible"), asking("hi"));
    expect(error.failure.kind).toBe("transient");
    expect(error.message).toContain("Provider disconnected");
    await until(() => fake.requests[0]?.state === "abandoned");
    expect(asModelError(error)).toBe(error);
  });

  it("answers offline without any request", async () => {
    const model = await createModel({ provider: "offline" }, { clock: systemClock });
    expect((await read(model, asking("echo hello"))).text).toBe("hello");
    expect(fake.requests).toHaveLength(0);
  });

  it.each([
    ["offline", []],
    ["openai-compatible", ["openai-compatible"]],
    ["anthropic", ["anthropic"]],
  ])("loads no adapter but the configured one (%s)", async (provider, wanted) => {
    const loaded = await filesLoadedFor({
      provider,
      model: "m",
      apiKey: "k",
      apiBase: "http://127.0.0.1",
    });
    const adapters = loaded.flatMap((url) => /\/@ai-sdk\/([^/]+)\/dist\//.exec(url)?.[1] ?? []);
    expect(adapters.filter((name) => !name.startsWith("provider"))).toEqual(wanted);
    expect(loaded.some((url) => url.endsWith("/providers/create-model.ts"))).toBe(true);
  });
});

/** Every script that a fresh process loads to make a model: V8's coverage lists them all. */
async function filesLoadedFor(options: unknown): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "coverage-"));
  try {
    const code = `const { createModel } = await import(${JSON.stringify(new URL("../../src/providers/create-model.ts", import.meta.url).href)});
      await createModel(${JSON.stringify(options)}, { clock: { now: Date.now } });`;
    const args = ["--import", "tsx", "--input-type=module", "-e", code];
    await promisify(execFile)(process.execPath, args, {
      // biome-ignore lint/style/noProcessEnv: the child needs the same surroundings.
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    const files = await readdir(folder);
    const reports = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
    return reports.flatMap((report) =>
      [...report.matchAll(/"url":"(file:[^"]+)"/g)].map((match) => match[1] ?? ""),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
