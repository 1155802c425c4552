import { APICallError, InvalidPromptError } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { asModelError } from "../../src/providers/model-errors.ts";
import { ModelError } from "../../src/providers/provider.ts";

interface Answer {
  readonly status?: number;
  readonly message?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly cause?: unknown;
}

function callError({ status, message = "no", body, headers, cause }: Answer): APICallError {
  return new APICallError({
    message,
    url: "https://api.example/v1/chat?key=AIzaSecretInTheUrl123",
    requestBodyValues: { messages: ["a private conversation"] },
    ...(status === undefined ? {} : { statusCode: status }),
    ...(body === undefined ? {} : { responseBody: body }),
    ...(headers === undefined ? {} : { responseHeaders: headers }),
    cause,
  });
}

const retryAfter = (headers: Record<string, string>, body = "") => {
  const { failure } = asModelError(callError({ status: 429, headers, body }));
  return failure.kind === "transient" ? failure.retryAfterMs : "permanent";
};

describe("asModelError", () => {
  it.each<[Answer, RegExp]>([
    [{ status: 400, message: "bad request" }, /did not accept.*\/clear starts fresh/],
    [{ status: 422 }, /did not accept/],
    [
      { status: 400, body: '{"error":{"code":"context_length_exceeded"}}' },
      /too long.*\/clear starts fresh/,
    ],
    [{ status: 400, message: "prompt is too long: 210000 tokens > 200000 maximum" }, /too long/],
    [{ status: 400, message: "the request exceeds the available context size" }, /too long/],
    [
      {
        status: 400,
        message: "The input token count (1) exceeds the maximum number of tokens allowed",
      },
      /too long/,
    ],
    [{ status: 413 }, /too long/],
    [{ status: 401 }, /key/],
    [{ status: 403 }, /key/],
    [{ status: 400, message: "API key not valid. Please pass a valid API key." }, /key/],
    [{ status: 402 }, /credit/],
    [{ status: 429, body: '{"error":{"code":"insufficient_quota"}}' }, /credit/],
    [{ status: 400, message: "Your credit balance is too low to access the API" }, /credit/],
    [{ status: 404 }, /not found/],
    [{ status: 301 }, /address/],
  ])("calls %j permanent", (answer, publicText) => {
    const error = asModelError(callError(answer));
    expect(error.failure).toEqual({ kind: "permanent" });
    expect(error.publicText).toMatch(publicText);
  });

  it.each<[Answer, RegExp]>([
    [{ status: 408 }, /too long to answer/],
    [{ status: 409 }, /busy/],
    [{ status: 425 }, /busy/],
    [{ status: 429, message: "You exceeded your current quota, please check your plan" }, /busy/],
    [{ status: 500 }, /reached/],
    [{ status: 502, body: "<html><h1>Bad gateway</h1>" }, /reached/],
    [{ status: 503 }, /busy/],
    [{ status: 504 }, /too long to answer/],
    [{ status: 529 }, /busy/],
    [{ status: 200, message: "Invalid JSON response" }, /could not be read/],
    [{ message: "Cannot connect to API: connect ECONNREFUSED" }, /reached/],
  ])("calls %j transient", (answer, publicText) => {
    const error = asModelError(callError(answer));
    expect(error.failure.kind).toBe("transient");
    expect(error.publicText).toMatch(publicText);
  });

  it.each<[unknown, ModelError["failure"]["kind"], RegExp]>([
    [{ type: "overloaded_error", message: "Overloaded" }, "transient", /busy/],
    [{ type: "api_error", message: "x" }, "transient", /reached/],
    [{ message: "Provider returned error", code: 502 }, "transient", /reached/],
    [{ message: "over", code: "rate_limit_exceeded" }, "transient", /busy/],
    ["something broke", "transient", /reached/],
    [undefined, "transient", /reached/],
    [{ type: "invalid_request_error", message: "prompt is too long" }, "permanent", /too long/],
    [{ type: "authentication_error", message: "x" }, "permanent", /key/],
    [
      { message: "x", type: "insufficient_quota", code: "insufficient_quota" },
      "permanent",
      /credit/,
    ],
    [{ message: "x", type: "requests", code: "model_not_found" }, "permanent", /not found/],
  ])("reads %j in the middle of a stream as %s", (thrown, kind, publicText) => {
    const error = asModelError(thrown);
    expect(error.failure.kind).toBe(kind);
    expect(error.publicText).toMatch(publicText);
  });

  it("knows time-outs, requests that cannot be made, and what it does not know", () => {
    const socket = Object.assign(new Error("x"), { code: "UND_ERR_HEADERS_TIMEOUT" });
    expect(asModelError(callError({ cause: socket })).publicText).toMatch(/too long to answer/);
    expect(
      asModelError(AbortSignal.abort(new DOMException("x", "TimeoutError")).reason).publicText,
    ).toMatch(/too long to answer/);
    expect(asModelError(new InvalidPromptError({ prompt: {}, message: "x" })).failure.kind).toBe(
      "permanent",
    );
    expect(asModelError(new Error("a bug")).failure.kind).toBe("transient");
  });

  it("leaves a ModelError as it is", () => {
    const error = new ModelError("m", { failure: { kind: "permanent" }, publicText: "p" });
    expect(asModelError(error)).toBe(error);
  });

  it("reads when to come back in each form that services use", () => {
    expect(retryAfter({ "retry-after": "20" })).toBe(20_000);
    expect(retryAfter({ "retry-after": "0.5" })).toBe(500);
    expect(retryAfter({ "retry-after": "20", "retry-after-ms": "1234.4" })).toBe(1234);
    const date = "Sat, 21 Nov 2026 12:00:00 GMT";
    expect(retryAfter({ date, "retry-after": "Sat, 21 Nov 2026 12:01:30 GMT" })).toBe(90_000);
    expect(retryAfter({ date, "retry-after": "Sat, 21 Nov 2026 11:00:00 GMT" })).toBeUndefined();
    expect(retryAfter({}, '{"error":{"details":[{"retryDelay": "34.5s"}]}}')).toBe(34_500);
    for (const value of ["", "soon", "-5", "1e9999", "NaN"]) {
      expect(retryAfter({ "retry-after": value })).toBeUndefined();
    }
    expect(retryAfter({})).toBeUndefined();
  });

  it.each([
    "sk-proj-abc123DEF456",
    "gsk_abcdefgh12345678",
    "Bearer abc.def.ghi",
    "AIzaSyA1234567890abcdefghijklmnopqrstu",
    'api_key: "tiny"',
    "x-api-key=tiny",
  ])("keeps the key out of the log (%s)", (secret) => {
    const error = asModelError(
      callError({ status: 401, message: `refused ${secret}.`, body: `you sent ${secret}` }),
    );
    const value = /[^\s:="]+"?$/.exec(secret)?.[0].replace(/"/g, "") ?? secret;
    expect(error.message).toContain("[key]");
    expect(error.message).not.toContain(value);
    expect(error.message).not.toContain("AIzaSecretInTheUrl123");
  });

  it("gives the log one short line, and nothing of the conversation", () => {
    const cause = Object.assign(new Error("closed"), { code: "ECONNRESET" });
    const error = asModelError(
      callError({ status: 500, message: "line\none", body: "<p>&\n".repeat(50_000), cause }),
    );
    expect(error.message.length).toBeLessThan(500);
    expect(error.message).toMatch(
      /^Cannot get an answer from the model: HTTP 500 from https:\/\/api\.example\/v1\/chat: line one.*\(ECONNRESET\)$/,
    );
    expect(error.cause).toBe(cause);
    expect(JSON.stringify([error, error.stack, Object.entries(error)])).not.toContain("private");
  });
});
