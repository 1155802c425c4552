import { beforeEach, describe, expect, test } from "vitest";
import type { EventStore, OpenedStore } from "../../src/events/event-store.ts";
import { EMPTY_NOTE, type Note, withFailure } from "../../src/events/note.ts";
import type { ManualClock } from "../builders/manual-clock.ts";
import { newInbound, newOutbound } from "../builders/new-event.ts";

/** A store and the world around it. */
export interface StoreHarness {
  readonly clock: ManualClock;
  /** The store of a process that starts now, opened; the one before it is dead. */
  start(): Promise<EventStore & { readonly owed: OpenedStore["owed"] }>;
  /** From now on writing fails for want of space, or works again. */
  fillDisk(full: boolean): void;
}

export interface HarnessOptions {
  /** Retention: ms from settling, and the count beyond which the oldest go earlier. */
  readonly keepMs?: number;
  readonly keepCount?: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What any `EventStore` must do. `setUp` makes an empty store of its own for each test. */
export function eventStoreContract(
  name: string,
  setUp: (options?: HarnessOptions) => Promise<StoreHarness> | StoreHarness,
): void {
  describe(`${name} as an event store`, () => {
    let world: StoreHarness;
    let store: Awaited<ReturnType<StoreHarness["start"]>>;

    beforeEach(async () => {
      world = await setUp();
      store = await world.start();
    });

    const restart = async () => {
      store = await world.start();
      return store.owed;
    };

    /** Publishes one event that is new, and gives its ref. */
    async function publishOne(event: Parameters<EventStore["publish"]>[0][number]) {
      const { stored, error } = await store.publish([event]);
      if (error) throw error;
      const [first] = stored;
      if (!first) throw new Error(`${event.key} was known`);
      return first.ref;
    }

    const isKnown = async (key: string) => {
      const knows = store.knows(key);
      const { stored, error } = await store.publish([newInbound(key)]);
      expect(error).toBeUndefined();
      expect(knows).toBe(stored.length === 0);
      expect(store.knows(key)).toBe(true);
      return knows;
    };

    describe("publish", () => {
      test("an empty store owes nothing and is well", () => {
        expect(store.owed).toEqual({ InboundEvent: [], OutboundEvent: [] });
        expect(store.counts()).toEqual({ failed: 0, quarantined: 0 });
        expect(store.failed()).toEqual([]);
        expect(store.health()).toEqual({ ok: true });
      });

      test("owes what was published after the process died, in order, by type", async () => {
        const events = [newInbound("a"), newOutbound("b"), newInbound("c"), newOutbound("d")];
        const { stored, error } = await store.publish(events);
        expect(error).toBeUndefined();
        expect(stored.map(({ key, type }) => [key, type])).toEqual([
          ["a", "InboundEvent"],
          ["b", "OutboundEvent"],
          ["c", "InboundEvent"],
          ["d", "OutboundEvent"],
        ]);
        const [a, b, c, d] = stored.map(({ ref }) => ref);
        expect(await restart()).toEqual({ InboundEvent: [a, c], OutboundEvent: [b, d] });
      });

      // weaknesses.md W-O2, 3.6 #20: two events of one moment were one file.
      test("gives refs that sort in the order of acceptance", async () => {
        const refs: string[] = [];
        for (let n = 0; n < 30; n += 1) refs.push(await publishOne(newInbound(`k${n}`)));
        expect(refs).toEqual([...refs].sort());
      });

      // weaknesses.md 3.6 #20.
      test("goes on above all earlier ids when the clock was set back over a restart", async () => {
        const owed = await publishOne(newInbound("a"));
        const done = await publishOne(newInbound("b"));
        await store.settle(done, "done", { sync: true });
        const failed = await publishOne(newInbound("c"));
        await store.settle(failed, "failed", { sync: true });
        world.clock.setNow(world.clock.now() - DAY);
        await restart();
        const after = await publishOne(newInbound("d"));
        expect([owed, done, failed, after]).toEqual([after, failed, done, owed].sort());
      });

      test("reads back what was published, with id, version and time", async () => {
        const event = newInbound("a", { content: "größer 😀\n\0", replyTo: { messageId: "3" } });
        const ref = await publishOne(event);
        const expected = { ...event, v: 1, timestamp: world.clock.now(), id: ref.slice(0, 16) };
        expect(await store.read(ref)).toEqual(expected);
        await restart();
        expect(await store.read(ref)).toEqual(expected);
      });

      test("accepts a megabyte", async () => {
        const ref = await publishOne(newInbound("a", { content: "ä".repeat(500_000) }));
        expect(await store.read(ref)).toMatchObject({ content: "ä".repeat(500_000) });
      });
    });

    describe("an idempotency key", () => {
      // weaknesses.md W-I2.
      test("that is owed changes nothing", async () => {
        const ref = await publishOne(newInbound("a"));
        expect(await store.publish([newInbound("a", { content: "other" })])).toEqual({
          stored: [],
        });
        expect((await restart()).InboundEvent).toEqual([ref]);
        expect(await isKnown("a")).toBe(true);
        expect(await store.read(ref)).toMatchObject({ content: "hello" });
      });

      test.each(["done", "failed"] as const)("that is %s changes nothing", async (to) => {
        const ref = await publishOne(newInbound("a"));
        await store.settle(ref, to, { sync: true });
        expect(await isKnown("a")).toBe(true);
        expect((await restart()).InboundEvent).toEqual([]);
        expect(await isKnown("a")).toBe(true);
      });

      test("that comes twice in one batch is stored once, first come", async () => {
        const batch = [newInbound("a", { content: "one" }), newInbound("a", { content: "two" })];
        const { stored } = await store.publish(batch);
        expect(stored).toHaveLength(1);
        expect(await store.read(stored[0]?.ref ?? "")).toMatchObject({ content: "one" });
      });

      test("that is just being written shares that write's result", async () => {
        const first = store.publish([newInbound("a")]);
        const second = store.publish([newInbound("a"), newInbound("b")]);
        expect((await first).stored).toHaveLength(1);
        const { stored, error } = await second;
        expect(error).toBeUndefined();
        expect(stored.map(({ key }) => key)).toEqual(["b"]);
        expect((await restart()).InboundEvent).toHaveLength(2);
      });

      // Red when the result of the second write hides the failure of the shared one.
      test("that is just being written shares that write's failure", async () => {
        world.fillDisk(true);
        const first = store.publish([newInbound("a")]);
        const same = store.publish([newInbound("a")]);
        const more = store.publish([newInbound("b"), newInbound("a")]);
        world.fillDisk(true);
        for (const { stored, error } of await Promise.all([first, same, more])) {
          expect(stored).toEqual([]);
          expect(error?.message).toContain("ENOSPC");
        }
        world.fillDisk(false);
        expect(await isKnown("a")).toBe(false);
      });
    });

    describe("read", () => {
      test("gives nothing for what is neither owed nor dead", async () => {
        const ref = await publishOne(newInbound("a"));
        await store.settle(ref, "done", { sync: true });
        expect(await store.read(ref)).toBeUndefined();
        expect(await store.read("0000000000000000-m000000000000-0000000000000000.json")).toBe(
          undefined,
        );
      });

      // Red when a read that comes between the rename and its end takes the event for lost, and forgets its key.
      test("during the settling of an event changes nothing", async () => {
        const ref = await publishOne(newInbound("a"));
        await restart();
        const settled = store.settle(ref, "done", { sync: true });
        await Promise.all([settled, store.read(ref), store.readNote(ref), store.read(ref)]);
        expect(await isKnown("a")).toBe(true);
        expect(store.counts()).toEqual({ failed: 0, quarantined: 0 });
        expect((await restart()).InboundEvent).toEqual([]);
      });
    });

    describe("a note", () => {
      const note: Note = {
        v: 1,
        attempts: 3,
        firstAttemptAt: 1,
        dueAt: 5,
        failures: [{ at: 2, reason: "no answer" }],
        progress: { parts: ["a", "b"], receipts: ["7"] },
      };

      test("is empty at first", async () => {
        expect(await store.readNote(await publishOne(newInbound("a")))).toEqual(EMPTY_NOTE);
      });

      test.each([true, false])("is read back, after a restart too (sync: %s)", async (sync) => {
        const ref = await publishOne(newInbound("a"));
        await store.writeNote(ref, { ...note, attempts: 1 }, { sync });
        await store.writeNote(ref, note, { sync });
        expect(await store.readNote(ref)).toEqual(note);
        await restart();
        expect(await store.readNote(ref)).toEqual(note);
      });

      test("goes with its event when that is done, and stays when it is dead", async () => {
        const [done, dead] = [await publishOne(newInbound("a")), await publishOne(newInbound("b"))];
        for (const ref of [done, dead]) await store.writeNote(ref, note, { sync: true });
        await store.settle(done, "done", { sync: true });
        await store.settle(dead, "failed", { sync: true });
        for (const _ of ["now", "after a restart"]) {
          expect(await store.readNote(done)).toEqual(EMPTY_NOTE);
          expect(await store.readNote(dead)).toEqual(note);
          await restart();
        }
      });
    });

    describe("settle", () => {
      test.each([true, false])("to done is not owed any more (sync: %s)", async (sync) => {
        const ref = await publishOne(newOutbound("a"));
        const other = await publishOne(newOutbound("b"));
        await store.settle(ref, "done", { sync });
        expect((await restart()).OutboundEvent).toEqual([other]);
        expect(store.failed()).toEqual([]);
      });

      // weaknesses.md 6.3.
      test("to failed is a dead letter, and can still be read", async () => {
        const [second, first] = [newOutbound("b"), newOutbound("a")];
        const refs = [await publishOne(first), await publishOne(second)];
        for (const ref of [...refs].reverse()) await store.settle(ref, "failed", { sync: true });
        for (const _ of ["now", "after a restart"]) {
          expect(store.failed()).toEqual(refs);
          expect(store.counts().failed).toBe(2);
          expect(await store.read(refs[0] ?? "")).toMatchObject({ key: "a" });
          expect((await restart()).OutboundEvent).toEqual([]);
        }
      });

      test("may be called again", async () => {
        for (const to of ["done", "failed"] as const) {
          const ref = await publishOne(newOutbound(to));
          await store.settle(ref, to, { sync: true });
          await store.settle(ref, to, { sync: true });
        }
        expect((await restart()).OutboundEvent).toEqual([]);
        expect(store.counts().failed).toBe(1);
      });
    });

    describe("an operator's decision", () => {
      const deadNote = withFailure(
        { ...EMPTY_NOTE, progress: { receipts: ["7"] }, dueAt: 99 },
        { at: 1, reason: "blocked" },
      );

      async function publishDead(key: string) {
        const ref = await publishOne(newOutbound(key));
        await store.writeNote(ref, deadNote, { sync: true });
        await store.settle(ref, "failed", { sync: true });
        return ref;
      }

      test("to revive makes a dead letter owed again, with its progress and its reasons, as if untried", async () => {
        const ref = await publishDead("a");
        expect(await store.revive(ref)).toBe("OutboundEvent");
        expect(store.failed()).toEqual([]);
        expect((await restart()).OutboundEvent).toEqual([ref]);
        expect(await store.read(ref)).toMatchObject({ key: "a" });
        expect(await store.readNote(ref)).toEqual({
          ...EMPTY_NOTE,
          failures: deadNote.failures,
          progress: { receipts: ["7"], revived: 1 },
        });
      });

      test("to discard makes a dead letter count as done", async () => {
        const ref = await publishDead("a");
        await store.discard(ref);
        for (const _ of ["now", "after a restart"]) {
          expect(store.failed()).toEqual([]);
          expect(await store.read(ref)).toBeUndefined();
          expect(await isKnown("a")).toBe(true);
          expect((await restart()).OutboundEvent).toEqual([]);
        }
      });

      test("needs a dead letter", async () => {
        const owed = await publishOne(newOutbound("owed"));
        const done = await publishOne(newOutbound("done"));
        await store.settle(done, "done", { sync: true });
        await expect(store.revive(done)).rejects.toThrow(`Cannot retry ${done}: there is no such`);
        for (const ref of [owed, done]) {
          await expect(store.discard(ref)).rejects.toThrow(`Cannot discard ${ref}: there is no`);
        }
        expect((await restart()).OutboundEvent).toEqual([owed]);
      });
    });

    test("setAside keeps what could not be understood, once", async () => {
      await store.setAside("telegram-1.json", "{odd", "no message in it");
      await store.setAside("telegram-1.json", "{odd", "no message in it");
      await store.setAside("telegram-2.json", "{odd", "no message in it");
      expect(store.counts().quarantined).toBe(2);
      await restart();
      expect(store.counts().quarantined).toBe(2);
    });

    describe("prune", () => {
      const settleNew = async (key: string) => {
        const ref = await publishOne(newInbound(key));
        await store.settle(ref, "done", { sync: true });
        return ref;
      };

      async function withRetention(options: HarnessOptions) {
        world = await setUp(options);
        store = await world.start();
      }

      test("forgets what was settled longer ago than it is to be kept", async () => {
        await settleNew("a");
        await world.clock.advance(47 * HOUR);
        expect(await store.prune()).toBe(0);
        expect(await isKnown("a")).toBe(true);
        await world.clock.advance(2 * HOUR);
        expect(await store.prune()).toBe(1);
        expect(await isKnown("a")).toBe(false);
      });

      test("forgets nothing that is owed or dead", async () => {
        const dead = await publishOne(newInbound("dead"));
        await store.settle(dead, "failed", { sync: true });
        const owed = await publishOne(newInbound("owed"));
        await world.clock.advance(1000 * HOUR);
        expect(await store.prune()).toBe(0);
        expect((await restart()).InboundEvent).toEqual([owed]);
        expect(store.failed()).toEqual([dead]);
      });

      test("forgets the oldest of too many after a day, and never before", async () => {
        await withRetention({ keepCount: 2 });
        for (const key of ["a", "b", "c", "d"]) await settleNew(key);
        await world.clock.advance(23 * HOUR);
        expect(await store.prune()).toBe(0);
        await world.clock.advance(2 * HOUR);
        expect(await store.prune()).toBe(2);
        expect([await isKnown("c"), await isKnown("d")]).toEqual([true, true]);
        expect([await isKnown("a"), await isKnown("b")]).toEqual([false, false]);
      });

      // Forgotten, the cause would be answered again, and the effect would come twice. But one reply that is owed for
      // ever must not keep everything that was settled since.
      test("forgets no cause and no effect of what is owed, and everything else", async () => {
        await settleNew("cause");
        const reply = newOutbound("cause/reply", { cause: "cause" });
        const owedReply = await publishOne(reply);
        const owedMessage = await publishOne(newInbound("message"));
        const effect = await publishOne(newOutbound("message/notice", { cause: "message" }));
        await store.settle(effect, "done", { sync: true });
        for (const key of ["other", "other/reply", "message/no effect"]) await settleNew(key);
        await world.clock.advance(1000 * HOUR);
        expect(await store.prune()).toBe(3);
        expect(await isKnown("cause")).toBe(true);
        expect((await store.publish([newOutbound("message/notice")])).stored).toEqual([]);
        expect(await isKnown("other")).toBe(false);
        await store.settle(owedReply, "done", { sync: true });
        await store.settle(owedMessage, "done", { sync: true });
        await world.clock.advance(1000 * HOUR);
        expect(await store.prune()).toBeGreaterThanOrEqual(4);
        expect(await isKnown("cause")).toBe(false);
      });
    });

    describe("on a full disk", () => {
      test("publish says why and stores nothing, health says so too", async () => {
        world.fillDisk(true);
        const before = world.clock.now();
        const { stored, error } = await store.publish([newInbound("a")]);
        expect(stored).toEqual([]);
        expect(error?.message).toContain("ENOSPC");
        await world.clock.advance(1000);
        await store.publish([newInbound("b")]);
        const reason = expect.stringMatching(/^the disk is full \(.*ENOSPC/);
        expect(store.health()).toEqual({ ok: false, reason, since: before });
        await expect(store.probe()).rejects.toThrow("ENOSPC");
        expect((await restart()).InboundEvent).toEqual([]);
      });

      test("is well again after a probe, and accepts what it refused", async () => {
        world.fillDisk(true);
        await store.publish([newInbound("a")]);
        world.fillDisk(false);
        await store.probe();
        expect(store.health()).toEqual({ ok: true });
        expect(await isKnown("a")).toBe(false);
        expect((await restart()).InboundEvent).toHaveLength(1);
      });

      test("is well again when a write works", async () => {
        world.fillDisk(true);
        await store.publish([newInbound("a")]);
        world.fillDisk(false);
        expect((await store.publish([newInbound("a")])).stored).toHaveLength(1);
        expect(store.health()).toEqual({ ok: true });
      });
    });
  });
}
