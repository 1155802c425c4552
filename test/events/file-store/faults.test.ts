import { describe, expect, test } from "vitest";
import type { EventStore } from "../../../src/events/event-store.ts";
import { EMPTY_NOTE } from "../../../src/events/note.ts";
import type { OpenFile } from "../../../src/runtime/file-ops.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import { type FileCall, type FileFault, nth } from "../../fakes/faulty-files.ts";
import {
  EVENT_FOLDER,
  only,
  publishAll,
  type StoreSetUp,
  setUpStore,
  storeInMemory,
} from "../set-up-store.ts";
import { createWitness } from "./witness.ts";

async function setUp() {
  const world = storeInMemory();
  return { ...world, store: await world.opened() };
}

const keysOf = ({ stored }: Awaited<ReturnType<EventStore["publish"]>>) =>
  stored.map(({ key }) => key);
const FOREVER = Number.POSITIVE_INFINITY;

describe("a batch of which one file cannot be written", () => {
  test.each([
    ["create", { code: "EMFILE" }, "too many open files"],
    ["create", { code: "EACCES" }, "no permission to write"],
    ["create", { code: "EROFS" }, "the disk is read-only"],
    ["write", { code: "ENOSPC" }, "the disk is full"],
    ["write", { bytes: 0 }, "the disk is full"],
    ["sync", { code: "EIO" }, "the disk reports an error"],
    ["close", { code: "EIO" }, "the disk reports an error"],
    ["rename", { code: "EACCES" }, "no permission to write"],
  ] as const)("is durable up to it (%s: %j)", async (kind, fault, words) => {
    const { store, files, layout, opened } = await setUp();
    files.fail(nth(3, kind), fault);
    const batch = ["a", "b", "c", "d", "e"].map((key) => newInbound(key));
    const published = await store.publish(batch);
    expect(keysOf(published)).toEqual(["a", "b"]);
    expect(published.error).toBeInstanceOf(Error);
    expect(store.health()).toMatchObject({ ok: false, reason: expect.stringContaining(words) });
    expect(await files.list(layout.inbox)).toHaveLength(2);
    expect((await opened()).owed.InboundEvent).toHaveLength(2);
    // The whole batch may be given again, and is then complete and in order.
    expect(keysOf(await store.publish(batch))).toEqual(["c", "d", "e"]);
    const again = await opened();
    const events = await Promise.all(again.owed.InboundEvent.map((ref) => again.read(ref)));
    expect(events.map((event) => event?.key)).toEqual(["a", "b", "c", "d", "e"]);
  });

  // reference/outbox.md 2: what write-file-atomic does here is a cut-off file under the final name.
  test.each([1, 3, 100])("takes short writes of %i bytes for what they are", async (bytes) => {
    const { store, files } = await setUp();
    files.fail("write", { bytes }, 3);
    const ref = only(await publishAll(store, [newInbound("a", { content: "x".repeat(500) })]));
    expect(await store.read(ref)).toMatchObject({ content: "x".repeat(500) });
  });

  test("notices bytes that did not arrive although the write said so", async () => {
    const { files, layout } = storeInMemory();
    const lying = { ...files, create: async (path: string) => shrinking(await files.create(path)) };
    const store = await setUpStore({ disk: lying, directory: EVENT_FOLDER }).opened();
    const { stored, error } = await store.publish([newInbound("a")]);
    expect(stored).toEqual([]);
    expect(error?.message).toMatch(/^Cannot write: \d+ of \d+ bytes arrived$/);
    expect(await files.list(layout.inbox)).toEqual([]);
  });

  test("never syncs a file again whose sync failed", async () => {
    const { store, files } = await setUp();
    files.fail("sync", { code: "EIO" });
    await store.publish([newInbound("a")]);
    await store.publish([newInbound("a")]);
    const synced = files.calls.filter(({ kind }) => kind === "sync").map(({ path }) => path);
    expect(new Set(synced).size).toBe(2);
  });

  test("has at most 64 files open", async () => {
    const { store, files } = await setUp();
    let open = 0;
    let most = 0;
    const count = (kind: FileCall["kind"], change: number) =>
      files.fail(
        (call) => call.kind === kind,
        {
          wait: async () => {
            open += change;
            most = Math.max(most, open);
          },
        },
        FOREVER,
      );
    count("create", 1);
    count("close", -1);
    await publishAll(
      store,
      Array.from({ length: 300 }, (_, n) => newInbound(`k${n}`)),
    );
    expect(most).toBe(64);
    expect(open).toBe(0);
  });
});

describe("concurrent publishes", () => {
  test("are renamed in the order of the calls, however long each file takes", async () => {
    const { store, files, layout } = await setUp();
    const slowFirst = (call: FileCall) => call.kind === "sync" && files.count("sync") === 1;
    files.fail(slowFirst, {
      wait: () => new Promise<void>((resolve) => setTimeout(resolve, 20)),
    });
    const all = ["a", "b", "c"].map((key) => store.publish([newInbound(key)]));
    await Promise.all(all);
    const renamed = files.calls.filter(({ kind }) => kind === "rename").map(({ path }) => path);
    expect(renamed).toEqual([...renamed].sort());
    expect(await files.list(layout.inbox)).toHaveLength(3);
  });

  test("do not fail each other", async () => {
    const { store, files } = await setUp();
    files.fail(nth(2, "write"), { code: "ENOSPC" });
    const [a, b, c] = await Promise.all(
      ["a", "b", "c"].map((key) => store.publish([newInbound(key)])),
    );
    expect([a, b, c].map((result) => result?.error === undefined)).toEqual([true, false, true]);
  });
});

describe("after a failed fsync of a folder", () => {
  const breakFolder = (files: StoreSetUp["files"], fault: FileFault = { code: "EIO" }) =>
    files.fail("syncDirectory", fault);

  test("the files are taken back, the publish fails, and nothing is accepted until a probe passes", async () => {
    const { store, files, layout, opened } = await setUp();
    breakFolder(files);
    const failed = await store.publish([newInbound("a"), newInbound("b")]);
    expect(keysOf(failed)).toEqual([]);
    expect(failed.error?.message).toContain("EIO");
    expect(await files.list(layout.inbox)).toEqual([]);
    expect(store.health()).toMatchObject({ ok: false });
    const refused = await store.publish([newInbound("c")]);
    expect(refused.stored).toEqual([]);
    expect(refused.error?.message).toMatch(/^Cannot write events until the disk works: the disk /);
    breakFolder(files);
    await expect(store.probe()).rejects.toThrow("EIO");
    expect((await store.publish([newInbound("c")])).error).toBeDefined();
    await store.probe();
    expect(store.health()).toEqual({ ok: true });
    expect(keysOf(await store.publish([newInbound("a"), newInbound("c")]))).toEqual(["a", "c"]);
    expect((await opened()).owed.InboundEvent).toHaveLength(2);
    expect(await files.list(layout.inbox)).toHaveLength(2);
  });

  test("what is known and what is nothing is no refusal: a finished event can be settled", async () => {
    const { store, files } = await setUp();
    await publishAll(store, [newInbound("a")]);
    breakFolder(files);
    await store.publish([newInbound("b")]);
    expect(await store.publish([])).toEqual({ stored: [] });
    expect(await store.publish([newInbound("a")])).toEqual({ stored: [] });
  });

  // The kernel tells of a failure once: the next fsync succeeds over names that never reached the disk.
  test("a publish that shares only the next one fails too", async () => {
    const { store, files, layout } = await setUp();
    const second: ReturnType<EventStore["publish"]>[] = [];
    breakFolder(files, {
      code: "EIO",
      wait: async () => {
        second.push(store.publish([newInbound("b")]));
        for (let turns = 0; turns < 50; turns += 1) await Promise.resolve();
      },
    });
    const first = await store.publish([newInbound("a")]);
    expect(first.error).toBeDefined();
    const { stored, error } = await only(second);
    expect(stored).toEqual([]);
    expect(error).toBeDefined();
    expect(await files.list(layout.inbox)).toEqual([]);
  });

  test("one that comes while the files are taken back is refused", async () => {
    const { store, files } = await setUp();
    breakFolder(files);
    const during: ReturnType<EventStore["publish"]>[] = [];
    files.fail("remove", {
      wait: async () => void during.push(store.publish([newInbound("b")])),
    });
    await store.publish([newInbound("a")]);
    expect((await only(during)).error?.message).toContain("until the disk works");
  });

  test("a file that cannot be taken back is named, and its key can be published again", async () => {
    const { store, files, opened, layout, clock } = await setUp();
    breakFolder(files);
    files.fail("remove", { code: "EIO" });
    const { stored, error } = await store.publish([newInbound("a")]);
    expect(stored).toEqual([]);
    expect(error?.message).toContain("1 of 1 unsynced files could not be taken back");
    await store.probe();
    await clock.advance(1);
    const ref = only(await publishAll(store, [newInbound("a")]));
    await store.settle(ref, "done", { sync: true });
    const reopened = await opened();
    expect(reopened.owed.InboundEvent).toEqual([]);
    expect(await files.list(layout.inbox)).toEqual([]);
  });
});

describe("the reserve", () => {
  test("is given up when the disk is too full to settle, and kept again when there is room", async () => {
    const { store, files, layout } = await setUp();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    files.fail("rename", { code: "ENOSPC" });
    await expect(store.settle(ref, "done", { sync: true })).rejects.toThrow("ENOSPC");
    expect(await files.stat(layout.reserve)).toBeUndefined();
    await store.settle(ref, "done", { sync: true });
    await store.probe();
    expect(await files.stat(layout.reserve)).toMatchObject({ size: 1_000_000 });
  });

  test("that was given up is kept again when old events are forgotten", async () => {
    const { store, files, layout } = await setUp();
    files.fail("write", { code: "ENOSPC" });
    await store.publish([newOutbound("a")], { settling: true });
    await publishAll(store, [newOutbound("a")]);
    expect(await files.stat(layout.reserve)).toBeUndefined();
    await store.prune();
    expect(await files.stat(layout.reserve)).toMatchObject({ size: 1_000_000 });
  });

  test("is given up for what is published in settling, and not for what people send", async () => {
    const { store, files, layout } = await setUp();
    files.fail("write", { code: "ENOSPC" }, 2);
    await store.publish([newInbound("a")]);
    expect(await files.stat(layout.reserve)).toBeDefined();
    await store.publish([newOutbound("b")], { settling: true });
    expect(await files.stat(layout.reserve)).toBeUndefined();
    expect(keysOf(await store.publish([newOutbound("b")], { settling: true }))).toEqual(["b"]);
  });

  // Half a reserve would take the last space from what it is meant for.
  test("that cannot be made in full is not kept in part", async () => {
    const world = storeInMemory();
    const forReserve = ({ kind, path }: FileCall) =>
      kind === "write" && path === world.layout.reserve;
    world.files.fail(forReserve, { bytes: 1000 });
    world.files.fail(forReserve, { code: "ENOSPC" });
    const store = await world.opened();
    expect(await world.files.stat(world.layout.reserve)).toBeUndefined();
    expect(store.health()).toEqual({ ok: true });
    expect(world.log.some(({ message }) => message.includes("reserve"))).toBe(true);
  });

  test("that cannot be given up hides no result", async () => {
    const { store, files, layout, log } = await setUp();
    const reserve = ({ path }: FileCall) => path === layout.reserve;
    files.fail(reserve, { code: "EIO" }, FOREVER);
    files.fail(nth(2, "write"), { code: "ENOSPC" });
    const batch = [newOutbound("a"), newOutbound("b")];
    const { stored, error } = await store.publish(batch, { settling: true });
    expect(stored.map(({ key }) => key)).toEqual(["a"]);
    expect(error?.message).toContain("ENOSPC");
    await expect.poll(() => log.at(-1)?.message).toMatch(/give up the reserve/);
  });
});

describe("an operator's decision that fails half-way", () => {
  async function withDeadLetter() {
    const world = await setUp();
    const ref = only(await publishAll(world.store, [newOutbound("a")]));
    await world.store.settle(ref, "failed", { sync: true });
    return { ...world, ref };
  }

  // Red when a failed sync leaves the event revived on disk, and neither owed nor dead in memory.
  test.each([1, 2])("to revive can be repeated (sync %i of the folders)", async (index) => {
    const { store, files, opened, ref } = await withDeadLetter();
    files.fail(nth(index, "syncDirectory"), { code: "EIO" });
    await expect(store.revive(ref)).rejects.toThrow("EIO");
    expect(await store.revive(ref)).toBe("OutboundEvent");
    expect(await store.read(ref)).toMatchObject({ key: "a" });
    expect((await opened()).owed.OutboundEvent).toEqual([ref]);
  });

  test("leaves the dead letter where it was if nothing was moved", async () => {
    const { store, files, ref } = await withDeadLetter();
    files.fail("rename", { code: "EIO" }, 2);
    await expect(store.revive(ref)).rejects.toThrow("EIO");
    await expect(store.discard(ref)).rejects.toThrow("EIO");
    expect(store.failed()).toEqual([ref]);
    await store.discard(ref);
    expect(store.failed()).toEqual([]);
  });
});

test("setAside that fails says so, in its rejection and in health", async () => {
  const { store, files } = await setUp();
  files.fail("write", { code: "ENOSPC" });
  await expect(store.setAside("odd.json", "{", "odd")).rejects.toThrow("Cannot set aside odd.json");
  expect(store.health()).toMatchObject({ ok: false });
  expect(store.counts().quarantined).toBe(0);
  await store.setAside("odd.json", "{", "odd");
  expect(store.counts().quarantined).toBe(1);
});

/** Publishes, settles, notes, revives, … each step as far as those before it worked. */
async function liveThrough(
  store: EventStore,
  { attempt, publish }: ReturnType<typeof createWitness>,
) {
  await publish(store, [newInbound("a"), newInbound("b"), newInbound("c")]);
  await Promise.all([
    publish(store, [newInbound("d", { lane: "x" })]),
    publish(store, [newOutbound("e"), newOutbound("f")]),
  ]);
  const note = { ...EMPTY_NOTE, attempts: 1 };
  const stay = ["owed", "owed"] as const;
  await attempt("b", stay, (ref) => store.writeNote(ref, note, { sync: true }));
  await attempt("a", ["owed", "done"], (ref) => store.settle(ref, "done", { sync: false }));
  await attempt("e", ["owed", "done"], (ref) => store.settle(ref, "done", { sync: true }));
  await attempt("f", ["owed", "failed"], (ref) => store.settle(ref, "failed", { sync: true }));
  await attempt("b", ["owed", "failed"], (ref) => store.settle(ref, "failed", { sync: true }));
  await attempt("f", ["failed", "owed"], (ref) => store.revive(ref));
  await attempt("b", ["failed", "done"], (ref) => store.discard(ref));
  await attempt("c", stay, (ref) => store.read(ref));
  await attempt("c", stay, (ref) => store.readNote(ref));
  await attempt("d", stay, () => store.setAside("odd.json", "{", "odd"));
  await attempt("d", stay, () => store.prune());
  await attempt("d", stay, () => store.probe());
}

async function callsOfOneLife() {
  const { files, start } = storeInMemory();
  const store = start();
  await store.open();
  await liveThrough(store, createWitness());
  return files.calls.length;
}

const SAID = /injected|Cannot write: |Cannot sync the folder: an fsync failed meanwhile/;

describe("one fault anywhere in a life of the store", () => {
  test.each([
    { code: "EIO" },
    { code: "ENOSPC" },
    { code: "EMFILE" },
    { code: "EACCES" },
    { bytes: 0 },
    { bytes: 7 },
  ] as const)("loses nothing that was confirmed, doubles nothing (%j)", async (fault) => {
    const calls = await callsOfOneLife();
    expect(calls).toBeGreaterThan(80);
    for (let index = 1; index <= calls; index += 1) await liveWithFault(index, fault);
  });
});

/** Lives through everything with a fault at this call, then looks what is left. */
async function liveWithFault(index: number, fault: FileFault): Promise<void> {
  const at = `${JSON.stringify(fault)} at call ${index}`;
  const world = storeInMemory();
  const witness = createWitness();
  const store = world.start();
  world.files.fail((call) => call.index === index, fault);
  const opened = await witness.tryTo(() => store.open());
  if (opened) await liveThrough(store, witness);
  // The one injected error is the only one, and it was said: to the caller or in the log.
  for (const error of witness.errors) expect(error, at).toMatch(SAID);
  const logged = world.log.filter(({ level }) => level === "warn" || level === "error");
  if (fault.code) expect(witness.errors.length + logged.length, at).toBeGreaterThan(0);
  world.files.clear();
  if (opened) await witness.expectRecovers(store, at);
  await witness.expectKept(world, at);
}

/** An open file that has one byte less than it said it took. */
function shrinking(file: OpenFile): OpenFile {
  let written = 0;
  return {
    ...file,
    write: async (bytes) => {
      written = await file.write(bytes);
      return written;
    },
    size: async () => (await file.size()) - (written > 0 ? 1 : 0),
  };
}
