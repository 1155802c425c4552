import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../src/events/outcome.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import type { FileCall } from "../../fakes/faulty-files.ts";
import { only } from "../set-up-store.ts";
import { DONE, LATER, type Rule } from "./script.ts";
import { setUpBus } from "./set-up-bus.ts";

const HOUR = 3_600_000;
const retry = (afterMs: number, reason = "not yet"): Outcome => ({
  kind: "retry",
  afterMs,
  reason,
});
/** Retries after this long until the attempt of this number. */
const until =
  (attempt: number, afterMs: number): Rule =>
  (_, context) =>
    context.attempt < attempt ? retry(afterMs) : DONE;

describe("an event that is to be retried", () => {
  test("is handled again at its time, with the next attempt's number", async () => {
    const { world, inbound, publish, pass } = await setUpBus({ inbound: until(3, 5000) });
    const start = world.clock.now();
    await publish(newInbound("a"));
    await pass(4999);
    expect(inbound.calls).toHaveLength(1);
    await pass(1);
    await pass(5000);
    const { calls } = inbound;
    expect(calls.map(({ context }) => context.attempt)).toEqual([1, 2, 3]);
    expect(calls.map(({ context }) => context.firstAttemptAt)).toEqual([start, start, start]);
  });

  // peers #38.
  // weaknesses.md W-T2.
  test("keeps attempts, reasons and due time over a restart", async () => {
    const before = await setUpBus({ inbound: until(9, 60_000) });
    await before.publish(newInbound("a"));
    await before.pass(60_000);
    await before.pass(20_000);
    const { world, inbound, bus, pass } = await before.restart();
    await pass(39_000);
    expect(inbound.calls).toEqual([]);
    await pass(1000);
    expect(only(inbound.calls).context).toMatchObject({
      attempt: 3,
      firstAttemptAt: world.clock.now() - 120_000,
    });
    const { failures } = await bus.store.readNote(only(bus.owed("InboundEvent")));
    expect(failures.map(({ reason }) => reason)).toEqual(["not yet", "not yet", "not yet"]);
  });

  test("waits for its time behind nobody when it was due while the server was down", async () => {
    const before = await setUpBus({ inbound: until(2, 60_000) });
    await before.publish(newInbound("a"));
    await before.bus.stop();
    await before.world.clock.advance(HOUR);
    const { inbound } = await before.restart();
    expect(inbound.keys()).toEqual(["a"]);
  });

  // Red when the note's due time is compared with a clock that was set back.
  test("waits hardly longer when the clock is set back meanwhile", async () => {
    const { world, inbound, publish, pass } = await setUpBus({ inbound: until(2, 30_000) });
    await publish(newInbound("a"));
    await pass(10_000);
    world.clock.setNow(world.clock.now() - 24 * HOUR);
    await pass(20_000);
    expect(inbound.calls).toHaveLength(2);
  });

  test("waits no longer than it was meant to when the clock was set back over a restart", async () => {
    const before = await setUpBus({ inbound: until(2, 30_000) });
    await before.publish(newInbound("a"));
    await before.bus.stop();
    before.world.clock.setNow(before.world.clock.now() - 24 * HOUR);
    const { inbound, pass } = await before.restart();
    await pass(30_000);
    expect(inbound.keys()).toEqual(["a"]);
  });

  // Red while the time of the first attempt is kept: it lies ahead for a day, and giving up with it.
  test("is given up no later than a whole term after the clock was set back", async () => {
    const since: number[] = [];
    const { world, publish, pass } = await setUpBus({
      inbound: (_, { firstAttemptAt }) => {
        since.push(world.clock.now() - firstAttemptAt);
        return { kind: "retry", afterMs: HOUR, reason: "down" };
      },
    });
    await publish(newInbound("a"));
    await pass(2 * HOUR);
    world.clock.setNow(world.clock.now() - 24 * HOUR);
    await pass(3 * HOUR);
    expect(since).toEqual([0, HOUR, 2 * HOUR, 0, HOUR, 2 * HOUR]);
  });

  test("counts no attempt when told so, and notes what was learned", async () => {
    const { bus, inbound, publish, pass } = await setUpBus({
      inbound: () => ({
        kind: "retry",
        afterMs: 1000,
        reason: "slow down",
        counted: false,
        progress: { receipts: ["7"] },
      }),
    });
    await publish(newInbound("a"));
    await pass(2000);
    expect(inbound.calls.map(({ context }) => context.attempt)).toEqual([1, 1, 1]);
    expect(inbound.calls.at(-1)?.context.progress).toEqual({ receipts: ["7"] });
    const note = await bus.store.readNote(only(bus.owed("InboundEvent")));
    expect(note).toMatchObject({ attempts: 0, progress: { receipts: ["7"] } });
  });

  test("waits although its note could not be written, and that is said", async () => {
    const { world, inbound, publish, pass } = await setUpBus({ inbound: until(2, 5000) });
    world.files.fail("openAppend", { code: "ENOSPC" });
    await publish(newInbound("a"));
    expect(world.log.map(({ message }) => message)).toContain("cannot note a failed attempt");
    await pass(4000);
    expect(inbound.calls).toHaveLength(1);
    await pass(1000);
    expect(inbound.calls).toHaveLength(2);
  });
});

describe("a handler that throws", () => {
  test("is a retry with its error as reason, later and later", async () => {
    const { world, bus, inbound, publish, pass } = await setUpBus({
      inbound: () => Promise.reject(new Error("a bug\n  in two lines")),
    });
    await publish(newInbound("a"));
    await pass(999);
    expect(inbound.calls).toHaveLength(1);
    await pass(1);
    expect(inbound.calls).toHaveLength(2);
    await pass(2000);
    expect(inbound.calls).toHaveLength(3);
    await pass(HOUR);
    // 1 s, 2 s, … 512 s, 600 s, 600 s, …
    expect(inbound.calls.length).toBeGreaterThan(10);
    expect(inbound.calls.length).toBeLessThan(16);
    const { failures } = await bus.store.readNote(only(bus.owed("InboundEvent")));
    expect(failures.at(-1)?.reason).toBe("a bug in two lines");
    expect(world.log.filter(({ message }) => message === "handler failed")).toHaveLength(
      inbound.calls.length,
    );
  });

  test("does so even for what is no error and no outcome", async () => {
    const { inbound, publish, pass } = await setUpBus({ inbound: LATER });
    await publish(newInbound("a"));
    inbound.call("a").fail("just text");
    await pass(1000);
    inbound.call("a").end(JSON.parse('{"kind":"nonsense"}'));
    await pass(2000);
    expect(inbound.calls).toHaveLength(3);
  });
});

describe("an event that waits", () => {
  const wait = (until: number, what = "channel"): Outcome => ({ kind: "wait", for: what, until });
  const FOREVER = Number.POSITIVE_INFINITY;

  test("is handled again when it is woken, without an attempt counted", async () => {
    const { bus, inbound, publish, pass } = await setUpBus({ inbound: () => wait(FOREVER) });
    await publish(newInbound("a"));
    await pass(100 * HOUR);
    expect(inbound.calls).toHaveLength(1);
    bus.wake("something else");
    await pass();
    expect(inbound.calls).toHaveLength(1);
    bus.wake("channel");
    await pass();
    expect(inbound.calls.map(({ context }) => context.attempt)).toEqual([1, 1]);
  });

  test("is handled again at its time when nobody wakes it", async () => {
    const { world, inbound, publish, pass } = await setUpBus({
      inbound: () => wait(world.clock.now() + 60_000),
    });
    await publish(newInbound("a"));
    await pass(59_999);
    expect(inbound.calls).toHaveLength(1);
    await pass(1);
    expect(inbound.calls).toHaveLength(2);
  });

  test("is handled again at the next start", async () => {
    const before = await setUpBus({ inbound: () => wait(FOREVER) });
    await before.publish(newInbound("a"));
    const { inbound } = await before.restart();
    expect(inbound.keys()).toEqual(["a"]);
  });

  test("is woken with all others that wait for the same, lane by lane", async () => {
    const { bus, inbound, publish, pass } = await setUpBus({ inbound: () => wait(FOREVER) });
    await publish(...["a", "b", "c"].map((key) => newInbound(key, { lane: key })));
    await publish(newInbound("a2", { lane: "a" }));
    bus.wake("channel");
    await pass();
    expect(inbound.keys()).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  // Red when a call between the handler's look and its wait is missed: it would wait for ever.
  test("does not miss a call that came while it was being handled", async () => {
    const { bus, inbound, publish, pass } = await setUpBus({ inbound: LATER });
    await publish(newInbound("a"));
    bus.wake("channel");
    inbound.call("a").end(wait(FOREVER));
    await pass();
    expect(inbound.calls).toHaveLength(2);
    inbound.call("a").end(wait(FOREVER));
    bus.wake("channel");
    await pass();
    expect(inbound.calls).toHaveLength(3);
    inbound.call("a").end(wait(FOREVER));
    await pass(100 * HOUR);
    expect(inbound.calls).toHaveLength(3);
  });

  test("is not woken by the end of an earlier wait", async () => {
    const { world, bus, inbound, publish, pass } = await setUpBus({ inbound: LATER });
    await publish(newInbound("a"));
    inbound.call("a").end(wait(world.clock.now() + 10_000));
    await pass();
    bus.wake("channel");
    await pass();
    inbound.call("a").end(retry(60_000));
    await pass(59_000);
    bus.wake("channel");
    await pass();
    expect(inbound.calls).toHaveLength(2);
    await pass(1000);
    expect(inbound.calls).toHaveLength(3);
  });
});

describe("an event that is given up", () => {
  // peers #3: the evidence is kept.
  test("is dead, with the reason, every attempt and what was learned", async () => {
    const { world, bus, outbound, publish, pass } = await setUpBus({
      outbound: async (_, context) => {
        await context.note({ receipts: ["7"] }, { sync: false });
        return context.attempt < 3
          ? retry(1000, `no ${context.attempt}`)
          : { kind: "dead", reason: "blocked" };
      },
    });
    const start = world.clock.now();
    await publish(newOutbound("a"));
    await pass(2000);
    expect(outbound.calls).toHaveLength(3);
    const ref = only(bus.store.failed());
    expect(await bus.store.readNote(ref)).toEqual({
      v: 1,
      attempts: 3,
      firstAttemptAt: start,
      dueAt: start + 2000,
      failures: [
        { at: start, reason: "no 1" },
        { at: start + 1000, reason: "no 2" },
        { at: start + 2000, reason: "blocked" },
      ],
      dead: { at: start + 2000, reason: "blocked" },
      progress: { receipts: ["7"] },
    });
    expect(bus.counts()).toMatchObject({ pending: 0, failed: 1 });
    expect(world.log.some(({ message }) => message === "dead letter")).toBe(true);
  });

  test("lets the rest of its lane go on", async () => {
    const { outbound, publish } = await setUpBus({
      outbound: ({ key }) => (key === "a" ? { kind: "dead", reason: "blocked" } : DONE),
    });
    await publish(newOutbound("a"), newOutbound("b"));
    expect(outbound.keys()).toEqual(["a", "b"]);
  });

  test("emits its notice once, however often it is handled before it is settled", async () => {
    const rule: Rule = () => ({
      kind: "dead",
      reason: "too long",
      emit: [newOutbound("a/notice", { kind: "notice" })],
    });
    const before = await setUpBus({ inbound: rule, outbound: LATER });
    const isSettling = ({ kind, path }: FileCall) => kind === "rename" && /inbox\/\d/.test(path);
    before.world.files.fail(isSettling, { code: "EIO" }, Number.POSITIVE_INFINITY);
    await before.publish(newInbound("a"));
    before.world.files.clear();
    const { bus, inbound, outbound } = await before.restart();
    expect(inbound.keys()).toEqual(["a"]);
    expect(outbound.keys()).toEqual(["a/notice"]);
    expect(bus.counts()).toMatchObject({ inbox: 0, pending: 1, failed: 1 });
  });
});

describe("an event that cannot be read", () => {
  const isRead = ({ kind, path }: FileCall) => kind === "read" && path.includes("/inbox/");

  test("now is looked at again in a second, and holds up nobody else", async () => {
    const before = await setUpBus({ inbound: LATER });
    await before.publish(newInbound("a", { lane: "a" }), newInbound("b", { lane: "b" }));
    before.world.files.fail(isRead, { code: "EMFILE" });
    const { world, inbound, pass } = await before.restart({});
    expect(inbound.keys()).toEqual(["b"]);
    await pass(1000);
    expect(inbound.keys()).toEqual(["b", "a"]);
    expect(world.log.some(({ message }) => message === "cannot handle an event now")).toBe(true);
  });

  test("at the start still keeps its due time", async () => {
    const before = await setUpBus({ inbound: until(2, 60_000) });
    await before.publish(newInbound("a"));
    before.world.files.fail(isRead, { code: "EMFILE" });
    const { inbound, pass } = await before.restart();
    await pass(59_000);
    expect(inbound.calls).toEqual([]);
    await pass(2000);
    expect(inbound.keys()).toEqual(["a"]);
  });

  test("at all is set aside, and its lane goes on", async () => {
    const before = await setUpBus({ inbound: LATER, concurrency: 1 });
    await before.publish(newInbound("x", { lane: "x" }), newInbound("a"), newInbound("b"));
    const [, ref = ""] = before.bus.owed("InboundEvent");
    await before.world.files.replace(`${before.world.layout.inbox}/${ref}`, "{", { sync: true });
    const { bus, inbound } = await before.restart({});
    expect(inbound.keys()).toEqual(["x", "b"]);
    expect(bus.counts()).toMatchObject({ inbox: 0, quarantined: 1 });
  });
});
