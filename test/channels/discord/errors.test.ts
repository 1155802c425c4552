import { DiscordAPIError, HTTPError, RateLimitError } from "discord.js";
import { describe, expect, it } from "vitest";
import {
  isChannelClosed,
  NoAnswerError,
  NotSentError,
  toDeliveryError,
} from "../../../src/channels/discord/errors.ts";

const apiError = (status: number, code: number, message = "Refused") =>
  new DiscordAPIError({ code, message }, code, status, "POST", "http://x", {
    body: undefined,
    files: undefined,
  });
const noAnswer = (cause: Error) => new NoAnswerError("Cannot get an answer", { cause });
const network = (fields: Record<string, unknown>) =>
  noAnswer(Object.assign(new Error("network"), fields));
const failureOf = (thrown: unknown) => toDeliveryError(thrown, "send").failure;

describe("toDeliveryError", () => {
  it.each([
    [50_007, 403],
    [10_003, 404],
    [50_001, 403],
    [50_013, 403],
    [50_278, 403],
    [50_006, 400],
    [50_035, 400],
  ])("says permanent for Discord's code %i", (code, status) => {
    expect(failureOf(apiError(status, code))).toEqual({ kind: "permanent" });
  });

  it("says disconnected for a refused token", () => {
    expect(failureOf(apiError(401, 0))).toEqual({ kind: "disconnected" });
  });

  it("says not sent for any other refusal, a proxy's too", () => {
    expect(failureOf(apiError(404, 0))).toEqual({ kind: "transient", ambiguous: false });
    expect(failureOf(apiError(403, 40_333))).toEqual({ kind: "transient", ambiguous: false });
    expect(failureOf(apiError(400, 40_004))).toEqual({ kind: "transient", ambiguous: false });
  });

  it("says rate-limited with the exact time", () => {
    const limited = (retryAfter: number) =>
      new RateLimitError({
        timeToReset: 0,
        limit: 5,
        method: "POST",
        hash: "",
        url: "",
        route: "",
        majorParameter: "",
        global: false,
        retryAfter,
        sublimitTimeout: 0,
        scope: "user",
      });
    expect(failureOf(limited(1_234.2))).toEqual({ kind: "rate-limited", retryAfterMs: 1_235 });
    expect(failureOf(limited(0))).toEqual({ kind: "rate-limited", retryAfterMs: 1_000 });
  });

  it.each([
    ["a refused connection", { code: "ECONNREFUSED", syscall: "connect" }],
    ["a name that is not known", { code: "ENOTFOUND", syscall: "getaddrinfo" }],
    ["no route", { code: "EHOSTUNREACH", syscall: "connect" }],
    ["a connection that takes too long", { code: "UND_ERR_CONNECT_TIMEOUT" }],
    ["an expired certificate", { code: "CERT_HAS_EXPIRED" }],
  ])("says not sent for %s", (_, fields) => {
    expect(failureOf(network(fields))).toEqual({ kind: "transient", ambiguous: false });
  });

  it("says not sent when each address of a name refused", () => {
    const refused = Object.assign(new Error("refused"), { syscall: "connect" });
    const all = noAnswer(new AggregateError([refused, refused]));
    expect(failureOf(all)).toEqual({ kind: "transient", ambiguous: false });
  });

  it("says not sent for a request that was given up before", () => {
    const given = new NotSentError("x", { cause: new Error("aborted") });
    expect(failureOf(given)).toEqual({ kind: "transient", ambiguous: false });
  });

  it.each([
    ["a connection that was cut", network({ code: "UND_ERR_SOCKET" })],
    ["a reset", network({ code: "ECONNRESET", syscall: "read" })],
    ["a time-out of an open connection", network({ code: "ETIMEDOUT", syscall: "read" })],
    ["no answer in time", noAnswer(new DOMException("aborted", "AbortError"))],
    [
      "a server error",
      new HTTPError(502, "Bad Gateway", "POST", "http://x", { body: undefined, files: undefined }),
    ],
    ["an answer that is no JSON", new SyntaxError("Unexpected token")],
    ["anything unknown", "boom"],
  ])("says ambiguous for %s", (_, thrown) => {
    expect(failureOf(thrown)).toEqual({ kind: "transient", ambiguous: true });
  });

  it("says in its message what happened", () => {
    expect(
      toDeliveryError(apiError(403, 50_007, "Cannot send messages to this user"), "send to Discord")
        .message,
    ).toBe("Cannot send to Discord: Cannot send messages to this user (50007)");
    expect(toDeliveryError(network({}), "send to Discord").message).toBe(
      "Cannot send to Discord: network",
    );
  });
});

describe("isChannelClosed", () => {
  it("is true only for Discord's own refusal", () => {
    expect(isChannelClosed(apiError(403, 50_001))).toBe(true);
    expect(isChannelClosed(apiError(404, 10_003))).toBe(true);
    expect(isChannelClosed(apiError(404, 0))).toBe(false);
    expect(isChannelClosed(apiError(401, 0))).toBe(false);
    expect(isChannelClosed(new Error("x"))).toBe(false);
  });
});
