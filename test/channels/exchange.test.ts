import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createExchange } from "../../src/channels/exchange.ts";
import { boundedWaitMs, retryAfterMs } from "../../src/channels/retry-after.ts";

const never = new AbortController().signal;
const call = { method: "POST", headers: {}, body: "hello", signal: never };

describe("exchange", () => {
  // Seen red with twice the bound.
  it("does not read for ever", async () => {
    const server = createServer((_, response) => {
      const pour = () => {
        while (response.writable && response.write("x".repeat(1024 * 1024)));
      };
      response.on("drain", pour);
      pour();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answer = await createExchange(url)(url, call);
    expect(answer).toMatchObject({ status: 200, isWhole: false });
    expect(answer.text.length).toBeLessThan(40 * 1024 * 1024);
  });

  it.each([
    ["a header that cannot be sent", "http://127.0.0.1:9/", { "x-token": "two\nlines" }],
    ["an address that is none", "http://", {}],
  ])("says not sent of %s", async (_, url, headers) => {
    const sending = createExchange("http://x")(url, { ...call, headers });
    await expect(sending).rejects.toMatchObject({ verdict: { sent: "no" } });
  });

  it("leaves no listener on a signal that outlives it", async () => {
    const added: unknown[] = [];
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: unknown) => void added.push(listener),
      removeEventListener: (_: string, listener: unknown) =>
        void added.splice(added.indexOf(listener), 1),
    };
    const sending = createExchange("http://x")("http://127.0.0.1:9/", { ...call, signal });
    await expect(sending).rejects.toMatchObject({ verdict: { sent: "no" } });
    expect(added).toEqual([]);
  });
});

describe("retryAfterMs", () => {
  const now = Date.UTC(2030, 0, 1);

  it.each([
    ["7", 7_000],
    ["0.25", 250],
    ["Tue, 01 Jan 2030 00:00:09 GMT", 9_000],
    ["99999999999", 24 * 3_600_000],
    ["Infinity", 24 * 3_600_000],
    ["0", undefined],
    ["-3", undefined],
    ["Mon, 31 Dec 2029 23:59:59 GMT", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads %j", (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it("takes no number that is none", () => {
    expect(boundedWaitMs(Number.NaN)).toBeUndefined();
  });
});
