import { DiscordAPIError, HTTPError, RateLimitError } from "discord.js";
import { describe, expect, it } from "vitest";
import { isChannelClosed, toDeliveryError } from "../../../src/channels/discord/errors.ts";
import { ExchangeError } from "../../../src/channels/exchange-error.ts";

const apiError = (status: number, code: number, message = "Refused") =>
  new DiscordAPIError({ code, message }, code, status, "POST", "http://x", {
    body: undefined,
    files: undefined,
  });
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

  it("says what the exchange knows of a request without an answer of Discord's", () => {
    expect(failureOf(new ExchangeError("connect ECONNREFUSED", { sent: "no" }))).toEqual({
      kind: "transient",
      ambiguous: false,
    });
    expect(failureOf(new ExchangeError("socket hang up", { sent: "unknown" }))).toEqual({
      kind: "transient",
      ambiguous: true,
    });
    expect(failureOf(new ExchangeError("x", { sent: "no", retryAfterMs: 9 }))).toEqual({
      kind: "rate-limited",
      retryAfterMs: 9,
    });
  });

  it.each([
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
    const cut = new ExchangeError("socket hang up", { sent: "unknown" });
    expect(toDeliveryError(cut, "send to Discord").message).toBe(
      "Cannot send to Discord: socket hang up",
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
