import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createDiscordChannel } from "../../../src/channels/discord/channel.ts";
import { discordOptionsSchema } from "../../../src/channels/discord/options.ts";
import { createWatchdog } from "../../../src/channels/discord/watchdog.ts";
import { type Clock, systemClock } from "../../../src/runtime/clock.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { createRecordingLog } from "../../builders/recording-log.ts";
import { eventually, recordingReceiver } from "../../contracts/recording-receiver.ts";
import { ADA, createRig, type DiscordRig, memoryMarks } from "./rig.ts";

/** Patience and backoffs pass 30 times as fast. */
const fastClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => systemClock.sleep(ms / 30, signal),
  after: (ms, callback) => systemClock.after(ms / 30, callback),
};
/** A wall clock that runs 100 times as fast, so that reports of a heartbeat are soon due; waits are as long as ever. */
const hastyClock: Clock = {
  now: () => Date.now() * 100,
  sleep: systemClock.sleep,
  after: systemClock.after,
};
const PATIENCE_MS = 15_000;

// peers #27.
describe("a gateway that says nothing", () => {
  let rig: DiscordRig;

  beforeEach(async () => {
    rig = await createRig({ heartbeatMs: 100 });
  });
  afterEach(() => rig.fake.close());

  function start(clock = fastClock) {
    const receiver = recordingReceiver();
    const stop = new AbortController();
    const options = discordOptionsSchema.parse({
      ...{ token: rig.fake.token, api_root: rig.fake.url, allow_from: [ADA] },
    });
    const { log } = createRecordingLog();
    const deps = { clock, random: () => 0.5, log, marks: memoryMarks() };
    const running = createDiscordChannel("discord", options, deps).receive(receiver, stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await running;
    });
    return receiver;
  }

  // Red without the watchdog: the library waits a minute for a hello, and for ever at times.
  it.each(["hello", "ready"] as const)(
    "and never gives its %s is replaced, named, and comes back",
    async (kind) => {
      const { gateway } = rig.fake;
      const mute = (on: boolean) =>
        kind === "hello" ? gateway.silence(on) : gateway.ignoreIdentify(on);
      let connections = 0;
      gateway.onUpgrade(() => {
        connections += 1;
      });
      mute(true);
      const receiver = start();
      await eventually(() => expect(connections).toBeGreaterThan(1), PATIENCE_MS);
      expect(receiver.states()).toContainEqual(
        expect.objectContaining({ reason: expect.stringContaining("the gateway says nothing") }),
      );
      mute(false);
      await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
      rig.fake.say(ADA, "there?");
      await eventually(() => expect(receiver.texts()).toEqual(["there?"]));
    },
  );

  it("and answers no heartbeat is replaced, and misses nothing", async () => {
    const receiver = start();
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
    let connections = 0;
    rig.fake.gateway.onUpgrade(() => {
      connections += 1;
    });
    rig.fake.gateway.ackHeartbeats(false);
    await eventually(() => expect(connections).toBeGreaterThan(0));
    rig.fake.gateway.ackHeartbeats(true);
    rig.fake.say(ADA, "there?");
    await eventually(() => expect(receiver.texts()).toEqual(["there?"]));
  });

  // Red when a heartbeat counts that is only due.
  it("is heard from at each heartbeat that is answered, though nobody writes, and at no other", async () => {
    const receiver = start(hastyClock);
    await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
    const reports = () => receiver.states().filter(({ kind }) => kind === "connected").length;
    await eventually(() => expect(reports()).toBeGreaterThan(4), PATIENCE_MS);
    rig.fake.gateway.ackHeartbeats(false);
    rig.fake.gateway.admit(false);
    await eventually(() => expect(rig.fake.gateway.connections()).toBe(0), PATIENCE_MS);
    const before = reports();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reports()).toBe(before);
  });
});

describe("createWatchdog", () => {
  it("waits longer once the session has begun, and ends with its connection", async () => {
    const clock = createManualClock();
    const over = new AbortController();
    let silent = 0;
    const watchdog = createWatchdog(clock, () => (silent += 1), over.signal);
    await clock.advance(29_000);
    watchdog.ready();
    for (let i = 0; i < 20; i += 1) {
      await clock.advance(41_000);
      watchdog.heard();
    }
    expect(silent).toBe(0);
    await clock.advance(180_000);
    expect(silent).toBe(1);
    await clock.advance(600_000);
    expect(silent).toBe(1);
    const next = createWatchdog(clock, () => (silent += 1), over.signal);
    over.abort();
    await clock.advance(600_000);
    next.heard();
    expect(silent).toBe(1);
    expect(clock.sleeping()).toBe(0);
  });

  it("does not count heartbeats without a session", async () => {
    const clock = createManualClock();
    const over = new AbortController();
    let silent = 0;
    const watchdog = createWatchdog(clock, () => (silent += 1), over.signal);
    watchdog.ready();
    watchdog.lost();
    for (let i = 0; i < 10; i += 1) {
      await clock.advance(20_000);
      watchdog.heard();
    }
    expect(silent).toBe(1);
  });

  it("is not deceived by a clock that is set", async () => {
    const clock = createManualClock();
    let silent = 0;
    const over = new AbortController();
    createWatchdog(clock, () => (silent += 1), over.signal);
    clock.setNow(clock.now() + 3_600_000);
    await clock.advance(20_000);
    expect(silent).toBe(0);
    clock.setNow(clock.now() - 7_200_000);
    await clock.advance(60_000);
    expect(silent).toBe(1);
  });
});
