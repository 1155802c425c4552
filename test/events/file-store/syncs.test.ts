import { describe, expect, test } from "vitest";
import { EMPTY_NOTE } from "../../../src/events/note.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import type { FaultyFiles, FileCall } from "../../fakes/faulty-files.ts";
import { createRecordingFiles } from "../../fakes/recording-files.ts";
import { EVENT_FOLDER, only, publishAll, setUpStore, storeInMemory } from "../set-up-store.ts";

/** What a step costs, by kind of call. */
async function cost(files: FaultyFiles, step: () => Promise<unknown>) {
  const before = files.calls.length;
  await step();
  const calls = files.calls.slice(before);
  const of = (kind: string) => calls.filter((call) => call.kind === kind);
  return {
    files: of("sync").length,
    folders: of("syncDirectory").map(({ path }) => path.slice(EVENT_FOLDER.length)),
    renames: of("rename").length,
    stats: of("stat").length,
    all: calls.length,
  };
}

async function setUp() {
  const world = storeInMemory();
  return { ...world, store: await world.opened() };
}

// docs/architecture.md names these numbers.
describe("the file store's fsyncs", () => {
  test("publishing one event costs one of the file and one of its folder", async () => {
    const { files, store } = await setUp();
    expect(await cost(files, () => store.publish([newInbound("a")]))).toEqual({
      files: 1,
      folders: ["/inbox"],
      renames: 1,
      stats: 0,
      // create, size, write, size, sync, close, rename, syncDirectory
      all: 8,
    });
    expect(await cost(files, () => store.publish([newOutbound("b")]))).toMatchObject({
      files: 1,
      folders: ["/pending"],
    });
  });

  test("publishing what is known costs nothing", async () => {
    const { files, store } = await setUp();
    await publishAll(store, [newInbound("a")]);
    expect(await cost(files, () => store.publish([newInbound("a")]))).toMatchObject({ all: 0 });
  });

  test("a batch shares the one of the folder", async () => {
    const { files, store } = await setUp();
    const batch = Array.from({ length: 100 }, (_, n) => newInbound(`k${n}`));
    expect(await cost(files, () => store.publish(batch))).toMatchObject({
      files: 100,
      folders: ["/inbox"],
      renames: 100,
    });
  });

  test("settling an inbound event costs none, an outbound one the one of done/", async () => {
    const { files, store } = await setUp();
    const [inbound = "", outbound = ""] = await publishAll(store, [
      newInbound("a"),
      newOutbound("b"),
    ]);
    expect(await cost(files, () => store.settle(inbound, "done", { sync: false }))).toEqual({
      files: 0,
      folders: [],
      renames: 1,
      stats: 0,
      all: 1,
    });
    expect(await cost(files, () => store.settle(outbound, "done", { sync: true }))).toEqual({
      files: 0,
      folders: ["/done"],
      renames: 1,
      stats: 0,
      all: 2,
    });
  });

  test("settling many at once shares the one of done/", async () => {
    const { files, store } = await setUp();
    const batch = Array.from({ length: 50 }, (_, n) => newOutbound(`k${n}`));
    const refs = await publishAll(store, batch);
    const { folders, renames } = await cost(files, () =>
      Promise.all(refs.map((ref) => store.settle(ref, "done", { sync: true }))),
    );
    expect(renames).toBe(50);
    expect(folders.length).toBeLessThanOrEqual(2);
  });

  test("an unsynced note costs none, a synced one two", async () => {
    const disk = createRecordingFiles({ now: () => 0 });
    const world = setUpStore({ disk, directory: EVENT_FOLDER });
    const store = await world.opened();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    const costOf = async (sync: boolean) => {
      const before = disk.operations();
      await store.writeNote(ref, EMPTY_NOTE, { sync });
      return disk.operations() - before;
    };
    await costOf(false);
    // A line more in a file that is there.
    expect(await costOf(false)).toBe(1);
    // create, write, rename; and the syncs of the file and of its folder.
    expect(await costOf(true)).toBe(3 + 2);
  });

  test("256 concurrent publishes need at most 1.3 an event", async () => {
    // A rename takes a turn of the event loop, an fsync ten: on disks the ratio is larger, which only helps.
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    const disk = createRecordingFiles({ now: () => 0, turn });
    const { files, opened } = setUpStore({ disk, directory: EVENT_FOLDER });
    const store = await opened();
    const isSync = ({ kind }: FileCall) => kind === "sync" || kind === "syncDirectory";
    const wait = async () => {
      for (let turns = 0; turns < 9; turns += 1) await turn();
    };
    files.fail(isSync, { wait }, Number.POSITIVE_INFINITY);
    const { files: fileSyncs, folders } = await cost(files, () =>
      Promise.all(Array.from({ length: 256 }, (_, n) => publishAll(store, [newInbound(`k${n}`)]))),
    );
    expect(fileSyncs).toBe(256);
    expect(fileSyncs + folders.length).toBeLessThanOrEqual(1.3 * 256);
  });

  // weaknesses.md W-O14: the queue was in memory, without a bound.
  test("100,000 owed names cost one listing of each folder and no reading", async () => {
    const { files, layout } = await setUp();
    const names = Array.from(
      { length: 100_000 },
      (_, n) => `${String(n).padStart(16, "0")}-m0123456789ab-${String(n).padStart(16, "0")}.json`,
    );
    const list = async (path: string) => (path === layout.inbox ? names : []);
    const world = setUpStore({ disk: { ...files, list }, directory: EVENT_FOLDER });
    const many = await world.opened();
    expect(many.owed.InboundEvent).toHaveLength(100_000);
    expect(world.files.count("list")).toBe(6);
    expect(world.files.count("read")).toBe(0);
    expect(world.files.calls.length).toBeLessThan(30);
  });
});
