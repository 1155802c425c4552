import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ChannelState } from "../../../src/channels/channel.ts";
import { createTelegramChannel } from "../../../src/channels/telegram/channel.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createRecordingLog } from "../../builders/recording-log.ts";
import {
  eventually,
  type RecordingReceiver,
  recordingReceiver,
} from "../../contracts/recording-receiver.ts";
import { ADA, createTelegramRig, telegramOptions } from "./telegram-rig.ts";

const COMMANDS = [
  { name: "help", description: "Shows help" },
  { name: "Bad-Name", description: "cannot be in the menu" },
];

describe("telegram polling", () => {
  let rig: Awaited<ReturnType<typeof createTelegramRig>>;
  let stop: AbortController;
  let running: Promise<void> | undefined;

  beforeEach(async () => {
    rig = await createTelegramRig();
    stop = new AbortController();
    running = undefined;
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await rig.fake.close();
  });

  const start = (receiver: RecordingReceiver = recordingReceiver()) => {
    running = rig.channel.receive(receiver, stop.signal);
    return receiver;
  };
  const startConnected = async (receiver?: RecordingReceiver) => {
    const started = start(receiver);
    await eventually(() => expect(started.state()?.kind).toBe("connected"));
    return started;
  };
  const polls = () => rig.fake.requests("getUpdates");
  const failing = (receiver: RecordingReceiver) => {
    const state: ChannelState | undefined = receiver.state();
    if (state?.kind !== "failing") throw new Error(`Cannot read the trouble: ${state?.kind}`);
    return state;
  };

  it("asks who it is, then polls at once, before anything else", async () => {
    await startConnected(recordingReceiver(COMMANDS));
    const names = rig.fake.requests().map((request) => request.name);
    expect(names.slice(0, 2)).toEqual(["getMe", "getUpdates"]);
    await eventually(() => expect(rig.fake.requests("setMyCommands")).toHaveLength(1));
    expect(rig.fake.commands()).toEqual([{ command: "help", description: "Shows help" }]);
  });

  // peers #36.
  it("never drops what was written while it was away", async () => {
    for (const text of ["one", "two", "three"]) rig.fake.say(ADA, text);
    const receiver = await startConnected();
    await eventually(() => expect(receiver.texts()).toEqual(["one", "two", "three"]));
    expect(rig.fake.requests("deleteWebhook")).toEqual([]);
    expect(rig.fake.requests().every(({ body }) => body.drop_pending_updates === undefined)).toBe(
      true,
    );
  });

  it("gives what waits as one batch, and confirms it with the next poll only", async () => {
    for (const text of ["one", "two", "three"]) rig.fake.say(ADA, text);
    const receiver = recordingReceiver();
    const release = receiver.hold();
    start(receiver);
    await eventually(() => expect(receiver.offered()).toHaveLength(1));
    expect(receiver.offered()[0]?.map((message) => message.text)).toEqual(["one", "two", "three"]);
    expect(polls()).toHaveLength(1);
    release();
    await eventually(() => expect(rig.fake.unconfirmed()).toBe(0));
    expect(polls()[1]?.body.offset).toBeTypeOf("number");
  });

  // peers #29.
  it("takes update ids that start anew, lower", async () => {
    rig.fake.setNextUpdateId(9_000);
    const receiver = await startConnected();
    rig.fake.say(ADA, "before the quiet week");
    await eventually(() => expect(rig.fake.unconfirmed()).toBe(0));
    rig.fake.setNextUpdateId(50);
    rig.fake.say(ADA, "after it");
    await eventually(() => expect(receiver.texts()).toEqual(["before the quiet week", "after it"]));
    await eventually(() => expect(rig.fake.unconfirmed()).toBe(0));
    rig.fake.say(ADA, "and on");
    await eventually(() => expect(receiver.texts()).toHaveLength(3));
  });

  it("puts away what it cannot understand, confirms it, and goes on", async () => {
    const receiver = await startConnected();
    rig.fake.push("message", { message_id: "poison" });
    rig.fake.say(ADA, "still there?");
    await eventually(() => expect(receiver.texts()).toEqual(["still there?"]));
    await eventually(() => expect(rig.fake.unconfirmed()).toBe(0));
    expect(receiver.setAsides()).toEqual([
      {
        payload: expect.objectContaining({ message: { message_id: "poison" } }),
        reason: expect.stringContaining("message_id"),
      },
    ]);
  });

  it("confirms nothing when it cannot put away what it does not understand", async () => {
    const receiver = recordingReceiver();
    await startConnected({
      ...receiver,
      setAside: () => Promise.reject(new Error("no space left on the device")),
    });
    rig.fake.push("message", { message_id: "poison" });
    await eventually(() => expect(failing(receiver).reason).toContain("no space left"));
    expect(rig.fake.unconfirmed()).toBe(1);
  });

  it("confirms what it ignores without giving it to anybody", async () => {
    const receiver = await startConnected();
    rig.fake.say({ id: 5, isBot: true }, "beep");
    rig.fake.say(ADA, "", { fields: { new_chat_title: "x" } });
    await eventually(() => expect(rig.fake.unconfirmed()).toBe(0));
    expect(receiver.offered()).toEqual([]);
  });

  it("acknowledges a pressed button after it was accepted", async () => {
    const receiver = await startConnected();
    const said = rig.fake.say(ADA, "hi");
    const query = rig.fake.click(ADA, said, "/yes");
    await eventually(() => expect(receiver.texts()).toEqual(["hi", "/yes"]));
    await eventually(() => expect(rig.fake.answeredCallbacks().has(query)).toBe(true));
  });

  it("replaces a poll that is never answered", async () => {
    rig.fake.fault("getUpdates", { hang: true });
    const receiver = start();
    await eventually(() => expect(failing(receiver).reason).toContain("no answer in time"));
    rig.fake.say(ADA, "hello?");
    await eventually(() => expect(receiver.texts()).toEqual(["hello?"]));
  });

  // peers #27. The clock is 20 times as fast: 30 s of polling and 10 s of grace are 2 s.
  it("replaces a long poll that is never answered within twice its time", async () => {
    const receiver = await startConnected();
    await eventually(() => expect(polls().at(-1)?.body.timeout).toBe(30));
    rig.fake.fault("getUpdates", { hang: true });
    rig.fake.say(ADA, "wakes the poll");
    await eventually(() => expect(receiver.texts()).toEqual(["wakes the poll"]));
    const before = polls().length;
    const since = Date.now();
    // The next one hangs: nothing but the deadline ends it.
    await eventually(() => expect(polls().length).toBeGreaterThan(before));
    expect(Date.now() - since).toBeLessThan((2 * 30_000) / 20);
    rig.fake.say(ADA, "and on");
    await eventually(() => expect(receiver.texts()).toEqual(["wakes the poll", "and on"]));
  });

  // peers #26.
  it("tells that another process polls with the token, and takes over again", async () => {
    const receiver = await startConnected();
    rig.fake.fault("getUpdates", { code: 409 }, 3);
    rig.fake.say(ADA, "wakes the poll");
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    expect(failing(receiver)).toMatchObject({
      reason: "another process polls Telegram with the same token",
      remedy: expect.stringContaining("Stop the other one"),
    });
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
    expect(rig.fake.webhook()).toBeUndefined();
  });

  it("tells that a webhook is set, and never deletes it by itself", async () => {
    await fetch(`${rig.fake.url}/bot${rig.fake.token}/setWebhook?url=http://127.0.0.1:9/hook`);
    const receiver = start();
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    expect(failing(receiver)).toMatchObject({
      reason: expect.stringContaining("http://127.0.0.1:9/hook"),
      remedy: expect.stringContaining("doctor --delete-webhook"),
    });
    await eventually(() => expect(polls().length).toBeGreaterThan(2));
    expect(rig.fake.webhook()?.url).toBe("http://127.0.0.1:9/hook");
    await fetch(`${rig.fake.url}/bot${rig.fake.token}/deleteWebhook`);
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
  });

  it("tells what to do about a refused token, and never says the token", async () => {
    const receiver = await startConnected();
    rig.fake.revoke(true);
    await eventually(() => expect(failing(receiver).remedy).toContain("@BotFather"));
    expect(JSON.stringify([receiver.states(), rig.log])).not.toContain(rig.fake.token);
    rig.fake.revoke(false);
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
  });

  it("never says the token when the network fails", async () => {
    await rig.fake.stop();
    const receiver = start();
    await eventually(() => expect(failing(receiver).reason).toContain("ECONNREFUSED"));
    expect(JSON.stringify([receiver.states(), rig.log])).not.toContain(rig.fake.token);
  });

  it("waits as long as Telegram says when it polls too fast", async () => {
    const receiver = await startConnected();
    rig.fake.fault("getUpdates", { code: 429, retryAfter: 10 });
    rig.fake.say(ADA, "wakes the poll");
    await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
    const before = polls().length;
    const since = Date.now();
    await eventually(() => expect(polls().length).toBeGreaterThan(before));
    // 10 s, 20 times as fast.
    expect(Date.now() - since).toBeGreaterThan(400);
    await eventually(() => expect(receiver.texts()).toEqual(["wakes the poll"]));
  });

  it("recovers from a proxy's pages and from answers that are none", async () => {
    rig.fake.fault("getMe", { html: true });
    rig.fake.fault("getUpdates", { html: true, code: 200 });
    const receiver = start();
    await eventually(() => expect(failing(receiver).reason).toContain("not one of the Bot API"));
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
  });

  it("goes on when the menu cannot be set", async () => {
    rig.fake.fault("setMyCommands", { code: 400, description: "Bad Request: BOT_COMMAND_INVALID" });
    const receiver = await startConnected(recordingReceiver(COMMANDS));
    await eventually(() => expect(rig.log.map(({ level }) => level)).toContain("warn"));
    rig.fake.say(ADA, "still works");
    await eventually(() => expect(receiver.texts()).toEqual(["still works"]));
  });

  it("says when it was last heard from", async () => {
    const receiver = await startConnected();
    expect(receiver.state()).toMatchObject({ account: "@my_test_bot" });
    const state = receiver.state();
    const age = Date.now() - (state?.kind === "connected" ? (state.lastPollAt ?? 0) : 0);
    expect(age).toBeLessThan(5_000);
  });

  it("does not report each of many polls", async () => {
    const receiver = await startConnected();
    for (let i = 0; i < 20; i += 1) {
      rig.fake.say(ADA, `${i}`);
      await eventually(() => expect(receiver.texts()).toHaveLength(i + 1));
    }
    expect(receiver.states().filter(({ kind }) => kind === "connected").length).toBeLessThan(4);
  });

  it("does not hammer a server that does not hold its polls", async () => {
    let count = 0;
    const server = createServer((request, response) => {
      const isPoll = request.url?.endsWith("getUpdates");
      if (isPoll) count += 1;
      response.end(JSON.stringify({ ok: true, result: isPoll ? [] : { id: 1, username: "b" } }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}`;
    const { log } = createRecordingLog();
    const channel = createTelegramChannel("t", telegramOptions({ url, token: "1:a" }), {
      log,
      clock: systemClock,
      random: Math.random,
    });
    running = channel.receive(recordingReceiver(), stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    stop.abort();
    await running;
    server.close();
    server.closeAllConnections();
    expect(count).toBeGreaterThan(2);
    expect(count).toBeLessThan(8);
  });

  it("rejects on a bug, so that the supervisor hears of it", async () => {
    const receiver = recordingReceiver();
    const broken = rig.channel.receive(
      {
        ...receiver,
        report(state) {
          if (state.kind === "connected") throw new TypeError("a bug");
        },
      },
      stop.signal,
    );
    await expect(broken).rejects.toThrow("a bug");
  });
});
