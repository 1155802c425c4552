import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createTelegramClient } from "../../../src/channels/telegram/client.ts";
import { deliveryFailure, readFailure } from "../../../src/channels/telegram/errors.ts";
import { systemClock } from "../../../src/runtime/clock.ts";

const TOKEN = "123456:SECRET-token";
let release: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of release) await each();
  release = [];
});

/** What our client, and grammY in it, makes of a call to this server, read. */
async function failureAt(apiRoot: string, seconds = 3) {
  const client = createTelegramClient({ token: TOKEN, apiRoot }, systemClock);
  const error: unknown = await client
    .call((api, abort) => api.sendMessage({ chat_id: 1, text: "x" }, abort), {
      deadlineMs: seconds * 1_000,
      signal: new AbortController().signal,
    })
    .catch((thrown: unknown) => thrown);
  const failure = readFailure(error);
  expect(failure.reason).not.toContain("SECRET");
  expect(failure.reason).not.toBe("");
  return failure;
}

async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  release.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (status: number, body: Readonly<Record<string, unknown>>) =>
  serving((_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ ok: false, error_code: status, ...body }));
  });

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("readFailure with deliveryFailure", () => {
  it.each([
    [400, "Bad Request: chat not found", { kind: "permanent" }],
    [403, "Forbidden: bot was blocked by the user", { kind: "permanent" }],
    [413, "Request Entity Too Large", { kind: "permanent" }],
    [401, "Unauthorized", { kind: "disconnected" }],
    [404, "Not Found", { kind: "disconnected" }],
    [409, "Conflict", { kind: "transient", ambiguous: false }],
    [420, "FLOOD_WAIT", { kind: "transient", ambiguous: false }],
    [500, "Internal Server Error: restart", { kind: "transient", ambiguous: true }],
    [502, "Bad Gateway", { kind: "transient", ambiguous: true }],
    [504, "Gateway Timeout", { kind: "transient", ambiguous: true }],
  ])("tells what %i %s means", async (status, description, expected) => {
    const failure = await failureAt(await answering(status, { description }));
    expect(deliveryFailure(failure)).toEqual(expected);
  });

  it("takes Telegram's own waiting time, or a sensible one", async () => {
    const limited = await answering(429, { description: "", parameters: { retry_after: 7 } });
    expect(deliveryFailure(await failureAt(limited))).toEqual({
      kind: "rate-limited",
      retryAfterMs: 7_000,
    });
    const vague = await failureAt(await answering(429, { description: "" }));
    expect(deliveryFailure(vague)).toEqual({ kind: "rate-limited", retryAfterMs: 5_000 });
  });

  it("tells where a group has moved", async () => {
    const moved = await answering(400, { description: "", parameters: { migrate_to_chat_id: -7 } });
    expect(await failureAt(moved)).toMatchObject({ migrateTo: "-7" });
  });

  it("knows that nothing was sent without a connection, a name or a handshake", async () => {
    const port = await freePort();
    const plain = await serving(() => {});
    const hosts = [
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      "http://nowhere.invalid",
      // No TLS there.
      plain.replace("http:", "https:"),
    ];
    for (const host of hosts) {
      const failure = await failureAt(host);
      expect(failure, host).toMatchObject({ kind: "unanswered", verdict: { sent: "no" } });
      expect(deliveryFailure(failure)).toEqual({ kind: "transient", ambiguous: false });
    }
  });

  it("does not know after a reset, a hang, half an answer, or a proxy's page", async () => {
    const roots = [
      await serving((_, response) => response.socket?.destroy()),
      await serving((_, response) => response.socket?.resetAndDestroy()),
      await serving(() => {}),
      await serving((_, response) => response.writeHead(200, { "content-length": 99 }).write("{")),
      await serving((_, response) => response.writeHead(502).end("<html>502</html>")),
      await serving((_, response) => response.writeHead(200).end()),
    ];
    for (const root of roots) {
      const failure = await failureAt(root, 0.3);
      expect(failure).toMatchObject({ kind: "unanswered", verdict: { sent: "unknown" } });
      expect(deliveryFailure(failure)).toEqual({ kind: "transient", ambiguous: true });
    }
  });

  it("never repeats the token", () => {
    const error = new Error(`request to https://api.telegram.org/bot${TOKEN}/x failed`);
    expect(readFailure(error).reason).toBe(
      "request to https://api.telegram.org/bot<token>/x failed",
    );
  });
});
