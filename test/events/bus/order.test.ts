import { describe, expect, test } from "vitest";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import { DONE, LATER } from "./script.ts";
import { setUpBus } from "./set-up-bus.ts";

const HOUR = 3_600_000;
const RETRY = { kind: "retry", afterMs: 1000, reason: "not yet" } as const;

describe("the bus", () => {
  // weaknesses.md W-T8, 6.4: two turns of one chat ran side by side.
  test("hands out the events of a lane strictly one after another, in order", async () => {
    const { inbound, publish, pass } = await setUpBus({ inbound: LATER });
    await publish(newInbound("a"), newInbound("b"));
    await publish(newInbound("c"));
    expect(inbound.keys()).toEqual(["a"]);
    inbound.call("a").end(DONE);
    await pass();
    expect(inbound.keys()).toEqual(["a", "b"]);
    inbound.call("b").end(DONE);
    await pass();
    expect(inbound.keys()).toEqual(["a", "b", "c"]);
    expect(inbound.most()).toBe(1);
  });

  // DESIGN 2, promise 5; weaknesses.md W-O3.
  test("handles other lanes at once while one retries for an hour", async () => {
    const { inbound, publish, pass } = await setUpBus({
      inbound: ({ lane }) => (lane === "bad" ? RETRY : DONE),
    });
    await publish(newInbound("bad-1", { lane: "bad" }), newInbound("bad-2", { lane: "bad" }));
    for (let minute = 0; minute < 60; minute += 1) {
      const keys = Array.from({ length: 20 }, (_, n) => `${minute}/${n}`);
      await publish(...keys.map((key) => newInbound(key, { lane: key })));
      // Handled without any time having passed.
      expect(inbound.keys()).toEqual(expect.arrayContaining(keys));
      await pass(HOUR / 60);
    }
    const bad = inbound.keys().filter((key) => key.startsWith("bad"));
    expect(new Set(bad)).toEqual(new Set(["bad-1"]));
    // About once a second: fewer when real time passes between two looks at the clock.
    expect(bad.length).toBeGreaterThan(1800);
  });

  // peers #32: a claim is no lease, so nothing has to be renewed and nothing runs out.
  test("hands out an event once, however long its handler takes", async () => {
    const { inbound, publish, pass } = await setUpBus({ inbound: LATER });
    await publish(newInbound("slow"), newInbound("next"));
    await pass(20 * 60_000);
    expect(inbound.keys()).toEqual(["slow"]);
    expect(inbound.call("slow").context.signal.aborted).toBe(false);
    inbound.call("slow").end(DONE);
    await pass(HOUR);
    expect(inbound.keys()).toEqual(["slow", "next"]);
  });

  test("runs no more handlers at once than it may, and as many as it may", async () => {
    const { inbound, publish, pass } = await setUpBus({ inbound: LATER, concurrency: 3 });
    await publish(...["a", "b", "c", "d", "e"].map((key) => newInbound(key, { lane: key })));
    expect(inbound.keys()).toEqual(["a", "b", "c"]);
    inbound.call("b").end(DONE);
    await pass();
    expect(inbound.keys()).toEqual(["a", "b", "c", "d"]);
    for (const key of ["a", "c", "d"]) inbound.call(key).end(DONE);
    await pass();
    expect(inbound.keys()).toContain("e");
    expect(inbound.most()).toBe(3);
  });

  // weaknesses.md 6.7.
  test("keeps a slot free for others while an event waits for its time", async () => {
    const { inbound, publish } = await setUpBus({
      inbound: ({ lane }) => (lane === "bad" ? RETRY : DONE),
      concurrency: 1,
    });
    await publish(newInbound("bad", { lane: "bad" }), newInbound("good", { lane: "good" }));
    expect(inbound.keys()).toEqual(["bad", "good"]);
  });

  // DESIGN 2, promise 4: commands answer while a turn is running; weaknesses.md W-T12.
  test("handles commands of a conversation while its turn and all other slots are busy", async () => {
    const { inbound, publish, pass } = await setUpBus({ inbound: LATER, concurrency: 1 });
    await publish(newInbound("turn"), newInbound("next"));
    await publish(...["/help", "/stop"].map((key) => newInbound(key, { control: true })));
    expect(inbound.keys()).toEqual(["turn", "/help"]);
    inbound.call("/help").end(DONE);
    await pass();
    expect(inbound.keys()).toEqual(["turn", "/help", "/stop"]);
    inbound.call("turn").end(DONE);
    await pass();
    expect(inbound.keys()).toContain("next");
  });

  test("keeps the two types apart", async () => {
    const { inbound, outbound, publish } = await setUpBus({ inbound: LATER });
    await publish(newInbound("in", { lane: "same" }), newOutbound("out", { lane: "same" }));
    expect([inbound.keys(), outbound.keys()]).toEqual([["in"], ["out"]]);
  });

  // weaknesses.md 3.6 #20.
  test("hands out what concurrent publishes made durable in the order of the calls", async () => {
    const { bus, inbound, pass } = await setUpBus();
    const keys = Array.from({ length: 40 }, (_, n) => `k${n}`);
    await Promise.all(keys.map((key) => bus.publish([newInbound(key)])));
    await pass();
    expect(inbound.keys()).toEqual(keys);
  });

  // weaknesses.md W-O5: what was owed came in the order of the directory.
  test("goes on in the same order after a restart, by lane", async () => {
    const before = await setUpBus({ inbound: LATER, concurrency: 1 });
    const keys = Array.from({ length: 30 }, (_, n) => `k${n}`);
    await before.publish(...keys.map((key, n) => newInbound(key, { lane: `lane ${n % 3}` })));
    const { inbound } = await before.restart({});
    for (const lane of [0, 1, 2]) {
      const isOfLane = (key: string) => Number(key.slice(1)) % 3 === lane;
      expect(inbound.keys().filter(isOfLane)).toEqual(keys.filter(isOfLane));
    }
    expect(inbound.keys()).toHaveLength(30);
  });

  // weaknesses.md W-T7: slots that were held were given out again.
  test("takes one consumer a type, and another one after that has stopped", async () => {
    const { bus, inbound, publish, pass } = await setUpBus({ inbound: LATER, concurrency: 2 });
    const consume = () => bus.consume("InboundEvent", { concurrency: 2 }, async () => DONE);
    expect(consume).toThrow("Cannot consume InboundEvent: it has a consumer");
    await publish(...["a", "b", "c", "d"].map((key) => newInbound(key, { lane: key })));
    const stopped = inbound.stop();
    // It takes over at once, and the two that still run count against its slots.
    let most = 0;
    let running = 0;
    bus.consume("InboundEvent", { concurrency: 2 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return DONE;
    });
    await pass();
    expect(most).toBe(0);
    inbound.call("a").end(DONE);
    await pass();
    expect(most).toBe(1);
    inbound.call("b").end(DONE);
    await stopped;
    await pass();
    expect(bus.counts().inbox).toBe(0);
  });
});
