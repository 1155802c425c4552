import { describe, expect, test } from "vitest";
import type { EventStore } from "../../../src/events/event-store.ts";
import { EMPTY_NOTE } from "../../../src/events/note.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import type { FileCallKind } from "../../fakes/faulty-files.ts";
import { createRecordingFiles, type RecordingFiles } from "../../fakes/recording-files.ts";
import { EVENT_FOLDER, only, publishAll, setUpStore } from "../set-up-store.ts";

/** A disk whose kernel forgets what a failed fsync had to write, as the real one does. */
async function setUp() {
  const clock = createManualClock();
  const disk = createRecordingFiles({ now: clock.now });
  const world = setUpStore({ disk, directory: EVENT_FOLDER, clock });
  const store = await world.opened();
  return {
    ...world,
    ...{ disk, store },
    /** The next sync of this folder fails. */
    failSync(folder: string, kind: FileCallKind = "syncDirectory") {
      const wait = async () => disk.failSync(folder);
      world.files.fail((call) => call.kind === kind && call.path.startsWith(folder), {
        code: "EIO",
        wait,
      });
    },
  };
}

/** A process that starts after a power cut of which nothing survives that was not synced. */
const afterPowerCut = (disk: RecordingFiles) =>
  setUpStore({ disk: disk.powerCut(), directory: EVENT_FOLDER }).opened();

const settleDone = (store: EventStore, ref: string) => store.settle(ref, "done", { sync: true });

// docs/architecture.md, "Writing". Red without the name being made anew: the second sync succeeds over nothing.
describe("after a failed sync, what is asked for again is durable when it resolves", () => {
  test("a delivered reply stays delivered", async () => {
    const { store, disk, layout, failSync } = await setUp();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    failSync(layout.done);
    await expect(settleDone(store, ref)).rejects.toThrow("EIO");
    expect((await afterPowerCut(disk)).owed.OutboundEvent).toEqual([ref]);
    await settleDone(store, ref);
    const later = await afterPowerCut(disk);
    expect(later.owed.OutboundEvent).toEqual([]);
    expect((await later.publish([newOutbound("a")])).stored).toEqual([]);
  });

  test("also one that was settled while the failing sync ran", async () => {
    const { store, disk, layout, files } = await setUp();
    const [a = "", b = ""] = await publishAll(store, [newOutbound("a"), newOutbound("b")]);
    const settledB: Promise<void>[] = [];
    // The sync is under way when b is renamed, and takes its name along into nothing.
    const wait = async () => {
      settledB.push(settleDone(store, b));
      await new Promise((resolve) => setImmediate(resolve));
      disk.failSync(layout.done);
    };
    files.fail("syncDirectory", { code: "EIO", wait });
    await expect(settleDone(store, a)).rejects.toThrow("EIO");
    await expect(settledB[0]).rejects.toThrow("an fsync failed meanwhile");
    await Promise.all([a, b].map((ref) => settleDone(store, ref)));
    expect((await afterPowerCut(disk)).owed.OutboundEvent).toEqual([]);
  });

  test("a dead letter stays dead", async () => {
    const { store, disk, layout, failSync } = await setUp();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    failSync(layout.failed);
    await expect(store.settle(ref, "failed", { sync: true })).rejects.toThrow("EIO");
    await store.settle(ref, "failed", { sync: true });
    expect((await afterPowerCut(disk)).failed()).toEqual([ref]);
  });

  test.each(["pending", "failed"] as const)(
    "a dead letter that is owed again stays so (%s/)",
    async (folder) => {
      const { store, disk, layout, failSync } = await setUp();
      const ref = only(await publishAll(store, [newOutbound("a")]));
      await store.settle(ref, "failed", { sync: true });
      failSync(layout[folder]);
      await expect(store.revive(ref)).rejects.toThrow("EIO");
      await store.revive(ref);
      const later = await afterPowerCut(disk);
      expect(later.owed.OutboundEvent).toEqual([ref]);
      expect(later.failed()).toEqual([]);
    },
  );

  test("a note is durable although another one's sync failed beside it", async () => {
    const { store, disk, layout, files } = await setUp();
    const [a = "", b = ""] = await publishAll(store, [newOutbound("a"), newOutbound("b")]);
    const note = { ...EMPTY_NOTE, attempts: 3 };
    const others: Promise<void>[] = [];
    files.fail("replace", {
      code: "EIO",
      wait: async () => {
        // This one's name is there, and its own sync has passed: but after the failure that took it along.
        others.push(store.writeNote(b, note, { sync: true }));
        await new Promise((resolve) => setImmediate(resolve));
        disk.failSync(layout.notes);
      },
    });
    await expect(store.writeNote(a, note, { sync: true })).rejects.toThrow("EIO");
    await Promise.allSettled(others);
    for (const ref of [a, b]) await store.writeNote(ref, note, { sync: true });
    const later = await afterPowerCut(disk);
    expect(await later.readNote(a)).toEqual(note);
    expect(await later.readNote(b)).toEqual(note);
  });

  test("a process that dies while a name is entered anew loses nothing", async () => {
    const { store, layout, files, failSync, opened } = await setUp();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    failSync(layout.done);
    await expect(settleDone(store, ref)).rejects.toThrow("EIO");
    files.fail(({ kind, path }) => kind === "rename" && path.includes(".again-"), { code: "EIO" });
    await expect(settleDone(store, ref)).rejects.toThrow("EIO");
    const later = await opened();
    expect(later.owed.OutboundEvent).toEqual([]);
    expect((await later.publish([newOutbound("a")])).stored).toEqual([]);
    expect(await files.list(layout.done)).toEqual([ref]);
  });
});

// A message that is sent again is confirmed to its platform because it is known: from then on only this disk has it.
// Red without the syncs at the start.
describe("what a killed process had renamed and not synced", () => {
  const killedBeforeSync = async (folder: "inbox" | "done") => {
    const world = await setUp();
    const { layout, files } = world;
    files.fail(({ kind, path }) => kind === "syncDirectory" && path === layout[folder], {
      wait: () => new Promise(() => undefined),
    });
    return world;
  };

  test("is durable as soon as the next process knows it", async () => {
    const { store, disk } = await killedBeforeSync("inbox");
    void store.publish([newInbound("a")]);
    await new Promise((resolve) => setImmediate(resolve));
    const next = await setUpStore({ disk, directory: EVENT_FOLDER }).opened();
    expect(await next.publish([newInbound("a")])).toEqual({ stored: [] });
    expect((await afterPowerCut(disk)).owed.InboundEvent).toHaveLength(1);
  });

  test("is settled for good as soon as the next process takes it for settled", async () => {
    const { store, disk } = await killedBeforeSync("done");
    const ref = only(await publishAll(store, [newOutbound("a")]));
    void settleDone(store, ref);
    await new Promise((resolve) => setImmediate(resolve));
    expect(
      (await setUpStore({ disk, directory: EVENT_FOLDER }).opened()).owed.OutboundEvent,
    ).toEqual([]);
    expect((await afterPowerCut(disk)).owed.OutboundEvent).toEqual([]);
  });

  test("is made anew when the sync of the start failed before", async () => {
    const { store, disk, layout } = await killedBeforeSync("inbox");
    void store.publish([newInbound("a")]);
    await new Promise((resolve) => setImmediate(resolve));
    const world = setUpStore({ disk, directory: EVENT_FOLDER });
    const wait = async () => disk.failSync(layout.inbox);
    world.files.fail(({ kind, path }) => kind === "syncDirectory" && path === layout.inbox, {
      code: "EIO",
      wait,
    });
    const next = world.start();
    await expect(next.open()).rejects.toThrow("EIO");
    await next.open();
    expect((await afterPowerCut(disk)).owed.InboundEvent).toHaveLength(1);
  });
});
