import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { deleteTelegramWebhook } from "../../../src/channels/telegram/delete-webhook.ts";
import {
  eventually,
  type RecordingReceiver,
  recordingReceiver,
} from "../../contracts/recording-receiver.ts";
import { ADA, createTelegramRig, telegramOptions } from "./telegram-rig.ts";

const SECRET = "s3cret-token";

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("telegram webhook", () => {
  let release: (() => unknown)[] = [];
  afterEach(async () => {
    for (const each of release) await each();
    release = [];
  });

  async function setUp() {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/hook`;
    const rig = await createTelegramRig({
      config: { webhook: { url, secret_token: SECRET, port } },
    });
    const stop = new AbortController();
    let running: Promise<void> | undefined;
    release = [() => stop.abort(), () => running, rig.fake.close];
    const start = (receiver: RecordingReceiver = recordingReceiver()) => {
      running = rig.channel.receive(receiver, stop.signal);
      return receiver;
    };
    const startConnected = async (receiver?: RecordingReceiver) => {
      const started = start(receiver);
      await eventually(() => expect(started.state()?.kind).toBe("connected"));
      return started;
    };
    const post = (body: string, headers: Record<string, string> = {}) =>
      fetch(url, {
        method: "POST",
        body,
        headers: { "x-telegram-bot-api-secret-token": SECRET, ...headers },
      }).then((response) => response.status);
    return { ...rig, url, port, stop, start, startConnected, post, ended: () => running };
  }

  it("is announced with its secret, and gives messages in order", async () => {
    const { fake, startConnected, url } = await setUp();
    fake.say(ADA, "before the start");
    const receiver = await startConnected();
    expect(fake.webhook()).toMatchObject({ url, secretToken: SECRET, maxConnections: 1 });
    for (const text of ["one", "two", "three"]) fake.say(ADA, text);
    await eventually(() =>
      expect(receiver.texts()).toEqual(["before the start", "one", "two", "three"]),
    );
    await eventually(() => expect(fake.unconfirmed()).toBe(0));
    expect(fake.requests("getUpdates")).toEqual([]);
  });

  it("answers 200 only after accept has resolved", async () => {
    const { fake, startConnected } = await setUp();
    const receiver = recordingReceiver();
    const letGo = receiver.hold();
    await startConnected(receiver);
    fake.say(ADA, "durable first");
    await eventually(() => expect(receiver.offered()).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fake.unconfirmed()).toBe(1);
    letGo();
    await eventually(() => expect(fake.unconfirmed()).toBe(0));
  });

  it("answers 503 and says so when a message cannot be stored, and gets it again", async () => {
    const { fake, startConnected } = await setUp();
    const receiver = recordingReceiver();
    receiver.refuse(1);
    await startConnected(receiver);
    fake.say(ADA, "keep me");
    fake.say(ADA, "me too");
    await eventually(() => expect(receiver.texts()).toEqual(["keep me", "me too"]));
    expect(receiver.states().filter(({ kind }) => kind === "failing")).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("no space left") }),
    ]);
    expect(receiver.state()?.kind).toBe("connected");
  });

  it("refuses whoever does not know the secret, other paths, methods and endless bodies", async () => {
    const { startConnected, post, url } = await setUp();
    const receiver = await startConnected();
    expect(await post("{}", { "x-telegram-bot-api-secret-token": "wrong" })).toBe(401);
    expect(await post("{}", { "x-telegram-bot-api-secret-token": "" })).toBe(401);
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(`${url}/other`, { method: "POST" })).status).toBe(404);
    const huge = await post("x".repeat(2 * 1024 * 1024)).catch(() => "cut");
    expect([413, "cut"]).toContain(huge);
    expect(receiver.offered()).toEqual([]);
    expect(receiver.setAsides()).toEqual([]);
  });

  it("puts away what is no update", async () => {
    const { startConnected, post } = await setUp();
    const receiver = await startConnected();
    expect(await post("no json")).toBe(200);
    expect(receiver.setAsides()).toMatchObject([{ payload: "no json" }]);
  });

  it("finishes a running accept, answers it, then is silent and keeps the webhook", async () => {
    const { fake, startConnected, stop, ended, url } = await setUp();
    const receiver = recordingReceiver();
    const letGo = receiver.hold();
    await startConnected(receiver);
    fake.say(ADA, "wait for me");
    await eventually(() => expect(receiver.offered()).toHaveLength(1));
    stop.abort();
    setTimeout(letGo, 50);
    await ended();
    expect(receiver.texts()).toEqual(["wait for me"]);
    await eventually(() => expect(fake.unconfirmed()).toBe(0));
    await expect(fetch(url)).rejects.toThrow();
    expect(fake.webhook()?.url).toBe(url);
  });

  it("does not wait for half a request when it is told to stop", async () => {
    const { startConnected, stop, ended, url } = await setUp();
    await startConnected();
    const half = fetch(url, {
      method: "POST",
      headers: { "x-telegram-bot-api-secret-token": SECRET },
      body: new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
      }),
      duplex: "half",
    } as RequestInit).catch(() => "cut");
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    await ended();
    expect(await half).toBe("cut");
  });

  // weaknesses.md W-L7: a port that was taken ended the process.
  it("reports a port that is taken, and recovers when it is free", async () => {
    const { start, port } = await setUp();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    const receiver = start();
    await eventually(() =>
      expect(receiver.state()).toMatchObject({
        kind: "failing",
        reason: expect.stringContaining("EADDRINUSE"),
      }),
    );
    await new Promise((resolve) => other.close(resolve));
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
  });

  it("retries until Telegram takes the webhook", async () => {
    const { fake, start } = await setUp();
    await fake.stop();
    const receiver = start();
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    await fake.start();
    fake.fault("setWebhook", { code: 400, description: "Bad Request: bad webhook: no IP" });
    await eventually(() => expect(receiver.state()).toMatchObject({ kind: "connected" }));
    expect(receiver.states()).toContainEqual({
      kind: "failing",
      reason: "Telegram answered 400: Bad Request: bad webhook: no IP",
      remedy: expect.stringContaining("webhook"),
    });
  });

  it("is deleted only on demand, with what waits kept", async () => {
    const { fake } = await setUp();
    await fetch(`${fake.url}/bot${fake.token}/setWebhook?url=http://127.0.0.1:9/x`);
    fake.say(ADA, "keep me");
    await deleteTelegramWebhook(telegramOptions(fake), new AbortController().signal);
    expect(fake.webhook()).toBeUndefined();
    expect(fake.unconfirmed()).toBe(1);
  });
});
