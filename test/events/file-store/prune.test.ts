import { describe, expect, test } from "vitest";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import { only, publishAll, storeInMemory } from "../set-up-store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

// On the model disk, whose files have the clock's time.
async function setUp() {
  const world = storeInMemory({ keepMs: 48 * HOUR });
  return { ...world, store: await world.opened() };
}

describe("forgetting settled events", () => {
  test("counts from when they were settled, not from when they came", async () => {
    const { store, clock } = await setUp();
    const ref = only(await publishAll(store, [newInbound("a")]));
    await clock.advance(10 * DAY);
    await store.settle(ref, "done", { sync: false });
    await clock.advance(47 * HOUR);
    expect(await store.prune()).toBe(0);
    await clock.advance(2 * HOUR);
    expect(await store.prune()).toBe(1);
  });

  // A reply that cannot be delivered for days: was its message forgotten, a repeat of it would be answered again.
  test("leaves a cause, however old, whose effect is still owed", async () => {
    const { store, clock } = await setUp();
    const cause = only(await publishAll(store, [newInbound("a")]));
    await clock.advance(3 * DAY);
    const effect = only(await publishAll(store, [newOutbound("a/reply", { cause: "a" })]));
    await store.settle(cause, "done", { sync: false });
    await clock.advance(10 * DAY);
    expect(await store.prune()).toBe(0);
    await store.settle(effect, "done", { sync: true });
    expect(await store.prune()).toBe(1);
    await clock.advance(49 * HOUR);
    expect(await store.prune()).toBe(1);
  });

  test("goes on behind one that was settled late", async () => {
    const { store, clock } = await setUp();
    const [late = "", early = ""] = await publishAll(store, [newInbound("a"), newInbound("b")]);
    await store.settle(early, "done", { sync: false });
    await clock.advance(40 * HOUR);
    await store.settle(late, "done", { sync: false });
    await clock.advance(10 * HOUR);
    expect(await store.prune()).toBe(1);
    expect((await store.publish([newInbound("a")])).stored).toEqual([]);
    expect((await store.publish([newInbound("b")])).stored).toHaveLength(1);
  });

  test("reads nothing but what is owed for longer than anything is kept", async () => {
    const { store, clock, files } = await setUp();
    await publishAll(store, [newOutbound("owed for ever", { lane: "gone" })]);
    const refs = await publishAll(
      store,
      Array.from({ length: 200 }, (_, n) => newInbound(`k${n}`)),
    );
    for (const ref of refs) await store.settle(ref, "done", { sync: false });
    await clock.advance(3 * DAY);
    await publishAll(store, [newInbound("young"), newInbound("younger")]);
    const before = files.count("read");
    expect(await store.prune()).toBe(200);
    expect(files.count("read") - before).toBe(1);
  });

  test("stops when an owed event cannot be read now, since its relatives are not known", async () => {
    const { store, clock, files } = await setUp();
    const ref = only(await publishAll(store, [newInbound("a")]));
    await publishAll(store, [newOutbound("a/reply", { cause: "a" })]);
    await store.settle(ref, "done", { sync: false });
    await clock.advance(3 * DAY);
    files.fail("read", { code: "EMFILE" });
    await expect(store.prune()).rejects.toThrow("EMFILE");
    expect((await store.publish([newInbound("a")])).stored).toEqual([]);
  });

  test("goes back on nothing when the clock is set back", async () => {
    const { store, clock } = await setUp();
    const ref = only(await publishAll(store, [newInbound("a")]));
    await store.settle(ref, "done", { sync: false });
    clock.setNow(clock.now() - 10 * DAY);
    expect(await store.prune()).toBe(0);
    await clock.advance(50 * HOUR);
    // Kept for longer than was meant, never shorter.
    expect(await store.prune()).toBe(0);
  });
});
