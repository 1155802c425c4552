import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/events/outcome.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import { type FileCall, nth } from "../../fakes/faulty-files.ts";
import { createRecordingFiles } from "../../fakes/recording-files.ts";
import { EVENT_FOLDER, only, setUpStore } from "../set-up-store.ts";
import { DONE, LATER, type Rule, scriptedHandler } from "./script.ts";
import { type Rules, setUpBus } from "./set-up-bus.ts";
import { startBus } from "./start-bus.ts";

const FOREVER = Number.POSITIVE_INFINITY;
/** Answers with one reply. */
const reply: Rule = ({ key }) => ({ kind: "done", emit: [newOutbound(`${key}/reply`)] });
const isSettling = ({ kind, path }: FileCall) =>
  kind === "rename" && /(inbox|pending)\/\d/.test(path);

describe("settling an event", () => {
  test("makes what was emitted durable, then renames it, then hands the emitted out", async () => {
    const order: string[] = [];
    const { world, outbound, publish, pass } = await setUpBus({
      inbound: reply,
      outbound: ({ key }) => {
        order.push(`handle ${key}`);
        return DONE;
      },
    });
    const { calls } = world.files;
    world.files.fail(
      isSettling,
      { wait: async () => void order.push(`settle, after ${calls.at(-2)?.kind}`) },
      1,
    );
    await publish(newInbound("a"));
    await pass();
    expect(order).toEqual(["settle, after syncDirectory", "handle a/reply"]);
    expect(outbound.calls).toHaveLength(1);
  });

  test("is tried again until it works, and the event is not handled again", async () => {
    const { world, bus, inbound, outbound, publish, pass } = await setUpBus({ inbound: reply });
    world.files.fail(isSettling, { code: "EIO" }, 10);
    await publish(newInbound("a"), newInbound("b"));
    await pass(60_000);
    expect(inbound.keys()).toEqual(["a", "b"]);
    expect(outbound.keys()).toEqual(["a/reply", "b/reply"]);
    expect(bus.counts()).toMatchObject({ inbox: 0, pending: 0 });
    expect(world.log.filter(({ message }) => message.startsWith("cannot settle")).length).toBe(10);
  });

  // DESIGN 4: nothing confirmed, nothing lost, recovers by itself.
  test("waits out a full disk: nothing is lost, nothing handled again, and others see why", async () => {
    const { world, bus, inbound, outbound, publish, pass } = await setUpBus({ inbound: LATER });
    await publish(newInbound("a"));
    const takesSpace = ({ kind }: FileCall) => kind === "write" || kind === "replace";
    world.files.fail(takesSpace, { code: "ENOSPC" }, FOREVER);
    inbound.call("a").end({ kind: "done", emit: [newOutbound("a/reply")] });
    await pass(3_600_000);
    expect(inbound.calls).toHaveLength(1);
    expect(outbound.calls).toEqual([]);
    expect(bus.store.health()).toMatchObject({ ok: false });
    await expect(bus.publish([newInbound("b")])).rejects.toThrow(/^Cannot publish: ENOSPC/);
    world.files.clear();
    await pass(11_000);
    expect([inbound.keys(), outbound.keys()]).toEqual([["a"], ["a/reply"]]);
    await pass(1000);
    expect(bus.store.health()).toEqual({ ok: true });
    await publish(newInbound("b"));
    expect(inbound.keys()).toEqual(["a", "b"]);
  });

  test("keeps what was emitted before a failure, and hands all of it out in order", async () => {
    const { world, outbound, publish, pass } = await setUpBus({ inbound: LATER }).then(
      async (bus) => {
        await bus.publish(newInbound("a"));
        bus.world.files.fail(nth(2, "write"), { code: "ENOSPC" });
        const emit = ["1", "2", "3"].map((n) => newOutbound(`a/${n}`));
        bus.inbound.call("a").end({ kind: "done", emit });
        await bus.pass();
        return bus;
      },
    );
    expect(outbound.calls).toEqual([]);
    await pass(1000);
    expect(outbound.keys()).toEqual(["a/1", "a/2", "a/3"]);
    expect(await world.files.list(world.layout.done)).toHaveLength(4);
    await publish(newInbound("b"));
  });

  // Red when a failed sync of the folder makes even settling without anything to emit wait for a probe.
  test("of a delivery needs no probe after a failed sync of another folder", async () => {
    const { world, bus, outbound, publish, pass } = await setUpBus({ outbound: LATER });
    await publish(newOutbound("a"));
    const isInbox = ({ kind, path }: FileCall) => kind === "syncDirectory" && /inbox$/.test(path);
    world.files.fail(isInbox, { code: "EIO" }, FOREVER);
    await expect(bus.publish([newInbound("x")])).rejects.toThrow("EIO");
    outbound.call("a").end(DONE);
    await pass();
    expect(bus.counts().pending).toBe(0);
  });

  test("does what is to be done beside it, again until it works", async () => {
    let failures = 2;
    const beside = async () => {
      failures -= 1;
      if (failures >= 0) throw new Error("history not synced");
    };
    const { bus, inbound, publish, pass } = await setUpBus({
      inbound: (): Outcome => ({ kind: "done", emit: [newOutbound("a/reply")], beside }),
    });
    await publish(newInbound("a"));
    expect(bus.counts().inbox).toBe(1);
    await pass(5000);
    expect(bus.counts()).toMatchObject({ inbox: 0, pending: 0 });
    expect(inbound.calls).toHaveLength(1);
  });

  test("is given up when the grace time is over, and the next start finishes it", async () => {
    const before = await setUpBus({ inbound: reply, outbound: LATER });
    before.world.files.fail(isSettling, { code: "EIO" }, FOREVER);
    await before.publish(newInbound("a"));
    before.bus.abort();
    await before.inbound.stop();
    before.world.files.clear();
    const { bus, inbound, outbound } = await before.restart();
    expect([inbound.keys(), outbound.keys()]).toEqual([["a"], ["a/reply"]]);
    expect(bus.counts()).toMatchObject({ inbox: 0, pending: 1 });
  });
});

const emitTwo: Rule = ({ key }) => ({
  kind: "done",
  emit: [newOutbound(`${key}/1`), newOutbound(`${key}/2`)],
});

/** A process that is killed after its `at`th call: what it sent, what it confirmed, and the disk that it leaves. */
async function killedAt(at: number) {
  const clock = createManualClock();
  const disk = createRecordingFiles({ now: clock.now });
  const process = disk.process();
  const world = setUpStore({ disk: process, directory: EVENT_FOLDER, clock });
  world.files.fail(({ index }) => index > at, { wait: async () => process.kill() }, FOREVER);
  const sent: string[] = [];
  let confirmed = false;
  const rules: Rules = {
    inbound: emitTwo,
    outbound: ({ key }) => {
      sent.push(key);
      return DONE;
    },
  };
  const bus = startBus(world);
  const options = { concurrency: 2 };
  bus.consume("InboundEvent", options, scriptedHandler(rules.inbound).handle);
  bus.consume("OutboundEvent", options, scriptedHandler(rules.outbound).handle);
  void bus.publish([newInbound("a"), newInbound("b")]).then(() => {
    confirmed = true;
  });
  for (let turns = 0; turns < 3; turns += 1) await clock.advance(0);
  void bus.stop();
  return { clock, disk, rules, sent, confirmed, calls: world.files.calls.length };
}

describe("a process that dies between any two operations", () => {
  // weaknesses.md 6.1.
  // DESIGN 2, promises 2 and 3: the settle is crash-atomic by order.
  test("has lost nothing, and emits nothing twice", async () => {
    const { calls } = await killedAt(FOREVER);
    expect(calls).toBeGreaterThan(60);
    for (let at = 0; at <= calls; at += 1) {
      const { clock, disk, rules, sent, confirmed } = await killedAt(at);
      const world = setUpStore({ disk, directory: EVENT_FOLDER, clock });
      const { bus, publish, pass } = await setUpBus(rules, world);
      await pass();
      const settled = () => world.files.list(world.layout.done);
      if (confirmed) expect(await settled(), `killed at ${at}`).toHaveLength(6);
      // The platform sends again what was not confirmed.
      await publish(newInbound("a"), newInbound("b"));
      await pass();
      expect(bus.counts()).toMatchObject({ inbox: 0, pending: 0, failed: 0, quarantined: 0 });
      expect(await settled()).toHaveLength(6);
      expect(new Set(sent)).toEqual(new Set(["a/1", "a/2", "b/1", "b/2"]));
      // At most what was being sent when it died is sent again.
      expect(sent.length, `killed at ${at}: ${sent}`).toBeLessThanOrEqual(5);
      await bus.stop();
    }
  });
});

// weaknesses.md W-O8, W-I1: only replies were kept on disk.
test("an event without an outcome yet is handled again by the next process, and only then settled", async () => {
  const before = await setUpBus({ inbound: LATER });
  await before.publish(newInbound("a"));
  const { bus, inbound } = await before.restart({ inbound: reply, outbound: LATER });
  expect(only(inbound.calls).context.attempt).toBe(1);
  expect(bus.counts()).toMatchObject({ inbox: 0, pending: 1 });
});
