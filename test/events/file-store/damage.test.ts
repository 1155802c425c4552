import { describe, expect, test } from "vitest";
import { EMPTY_NOTE, type Note } from "../../../src/events/note.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import { only, publishAll, type StoreSetUp, storeInMemory } from "../set-up-store.ts";

const write = ({ files }: StoreSetUp, path: string, text: string) =>
  files.replace(path, text, { sync: true });

/** A store with one event whose file a test may damage, and one that must not be harmed. */
async function withTwoEvents() {
  const world = storeInMemory();
  const store = await world.opened();
  const [hurt = "", well = ""] = await publishAll(store, [
    newInbound("hurt"),
    newInbound("well", { lane: "another" }),
  ]);
  const path = `${world.layout.inbox}/${hurt}`;
  return { ...world, hurt, well, path, text: await world.files.read(path) };
}

type World = Awaited<ReturnType<typeof withTwoEvents>>;

/** Reopens, reads both, and expects the hurt one set aside whole, with a reason, and everything else to work. */
async function expectSetAside(world: World, contents: string, reason: RegExp) {
  const { opened, files, layout, hurt, well, log } = world;
  const store = await opened();
  expect(await store.read(hurt)).toBeUndefined();
  expect(await store.read(well)).toMatchObject({ key: "well" });
  expect(await files.read(`${layout.quarantine}/${hurt}`)).toBe(contents);
  expect(await files.read(`${layout.quarantine}/${hurt}.reason`)).toMatch(reason);
  expect(await files.list(layout.inbox)).toEqual([well]);
  expect(store.counts()).toEqual({ failed: 0, quarantined: 1 });
  expect(log.filter(({ level }) => level === "error")).toHaveLength(1);
  // It was never handled: if the platform sends it again, it is welcome.
  expect((await store.publish([newInbound("hurt")])).stored).toHaveLength(1);
  const again = await opened();
  expect(again.owed.InboundEvent).toHaveLength(2);
  expect(again.counts().quarantined).toBe(1);
}

// DESIGN 2, promise 8; weaknesses.md W-O10.
describe("an event file that cannot be read is set aside, and the rest goes on", () => {
  test("when it is cut off at any byte", async () => {
    const { length } = (await withTwoEvents()).text.trimEnd();
    expect(length).toBeGreaterThan(300);
    for (let bytes = 0; bytes < length; bytes += 1) {
      const world = await withTwoEvents();
      const torn = world.text.slice(0, bytes);
      await write(world, world.path, torn);
      await expectSetAside(world, torn, /./);
    }
  });

  test.each([
    ["is of a later version", (text: string) => text.replace('"v": 1', '"v": 2'), /at v/],
    ["is of an unknown type", (text: string) => text.replace("InboundEvent", "Other"), /at type/],
    ["is another event's", (text: string) => text.replace("hurt", "other"), /name does not fit/],
    [
      "is of another lane",
      (text: string) => text.replace(/"lane": ".*"/, '"lane": "x"'),
      /name does not fit/,
    ],
    // weaknesses.md W-D8: nobody could answer it, and it was tried at each start for ever.
    [
      "is of no source",
      (text: string) => text.replace(/"source": ".*"/, '"source": "x"'),
      /at source/,
    ],
    ["is no JSON", () => "\u0000\u0001 not JSON", /JSON/],
    ["is null", () => "null", /Cannot read the event/],
  ])("when its text %s", async (_, damage, reason) => {
    const world = await withTwoEvents();
    const damaged = damage(world.text);
    expect(damaged).not.toBe(world.text);
    await write(world, world.path, damaged);
    await expectSetAside(world, damaged, reason);
  });

  test("when it was given another event's name", async () => {
    const world = await withTwoEvents();
    const hurt = world.hurt.replace(/^\d{16}/, "0000000000000001");
    await world.files.rename(world.path, `${world.layout.inbox}/${hurt}`);
    await expectSetAside({ ...world, hurt }, world.text, /name does not fit/);
  });

  test("when it is dead", async () => {
    const { opened, files, layout, log } = storeInMemory();
    const store = await opened();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    await store.settle(ref, "failed", { sync: true });
    await files.replace(`${layout.failed}/${ref}`, "{", { sync: true });
    await expect(store.revive(ref)).rejects.toThrow(`Cannot retry ${ref}: there is no such`);
    expect(store.counts()).toEqual({ failed: 0, quarantined: 1 });
    expect(await files.read(`${layout.quarantine}/${ref}`)).toBe("{");
    expect(log.some(({ level }) => level === "error")).toBe(true);
  });
});

test("what was set aside is kept as it first was", async () => {
  const { opened, files, layout } = storeInMemory();
  const store = await opened();
  await store.setAside("odd.json", "first", "odd");
  await store.setAside("odd.json", "second", "odd");
  expect(await files.read(`${layout.quarantine}/odd.json`)).toBe("first");
  expect(await files.read(`${layout.quarantine}/odd.json.reason`)).toBe("odd\n");
});

describe("a foreign file", () => {
  // weaknesses.md 6.8.
  test("that looks like an event is set aside at the start, and never overwritten", async () => {
    const { opened, files, layout } = storeInMemory();
    await opened();
    for (const [folder, text] of [
      [layout.inbox, "one"],
      [layout.pending, "two"],
      [layout.done, "three"],
    ]) {
      await files.replace(`${folder}/notes.json`, text ?? "", { sync: true });
    }
    const store = await opened();
    expect(store.owed).toEqual({ InboundEvent: [], OutboundEvent: [] });
    expect(store.counts().quarantined).toBe(3);
    const kept = await Promise.all(
      ["notes.json", "notes.json.2", "notes.json.3"].map((name) =>
        files.read(`${layout.quarantine}/${name}`),
      ),
    );
    expect(kept.sort()).toEqual(["one", "three", "two"]);
    expect((await opened()).counts().quarantined).toBe(3);
  });

  test("that looks like nothing of ours is left alone, and said", async () => {
    const { opened, files, layout, log } = storeInMemory();
    await opened();
    await files.replace(`${layout.inbox}/README.txt`, "mine", { sync: true });
    const store = await opened();
    expect(await files.read(`${layout.inbox}/README.txt`)).toBe("mine");
    expect(store.counts().quarantined).toBe(0);
    expect(log.filter(({ level }) => level === "warn")).toHaveLength(1);
  });
});

describe("a note that cannot be read", () => {
  const note: Note = { ...EMPTY_NOTE, attempts: 3, progress: { receipts: ["7"], parts: ["a"] } };

  test("is set aside at any length, and its event goes on without it", async () => {
    const world = storeInMemory();
    const store = await world.opened();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    await store.writeNote(ref, note, { sync: true });
    const path = `${world.layout.notes}/${ref}`;
    const text = (await world.files.read(path)).trimEnd();
    for (let bytes = 0; bytes < text.length; bytes += 1) {
      await write(world, path, text.slice(0, bytes));
      const reopened = await world.opened();
      expect(await reopened.readNote(ref)).toEqual(EMPTY_NOTE);
      expect(reopened.counts().quarantined).toBe(bytes + 1);
      expect(await reopened.read(ref)).toMatchObject({ key: "a" });
      await reopened.writeNote(ref, note, { sync: true });
      expect(await reopened.readNote(ref)).toEqual(note);
    }
  });

  test("that was removed by hand is empty", async () => {
    const { opened, files, layout } = storeInMemory();
    const store = await opened();
    const ref = only(await publishAll(store, [newOutbound("a")]));
    await store.writeNote(ref, note, { sync: true });
    await files.remove(`${layout.notes}/${ref}`);
    expect(await store.readNote(ref)).toEqual(EMPTY_NOTE);
  });
});

describe("an event file that somebody took away", () => {
  test("is reported and forgotten, but its key stays known", async () => {
    const { opened, files, layout, log } = storeInMemory();
    const store = await opened();
    const ref = only(await publishAll(store, [newInbound("a")]));
    await store.read(ref);
    await files.remove(`${layout.inbox}/${ref}`);
    expect(await store.read(ref)).toBeUndefined();
    expect(log.filter(({ level }) => level === "error")).toHaveLength(1);
    expect((await store.publish([newInbound("a")])).stored).toEqual([]);
  });

  test("is not what one is that is settled while it is read", async () => {
    const { opened, log } = storeInMemory();
    const ref = only(await publishAll(await opened(), [newInbound("a")]));
    const store = await opened();
    const settled = store.settle(ref, "done", { sync: true });
    expect(await store.read(ref)).toBeUndefined();
    await settled;
    expect(log.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("can still be settled", async () => {
    const { opened, files, layout } = storeInMemory();
    const store = await opened();
    const ref = only(await publishAll(store, [newInbound("a")]));
    await files.remove(`${layout.inbox}/${ref}`);
    await store.settle(ref, "failed", { sync: true });
    expect(store.failed()).toEqual([]);
  });
});

describe("the same event in two folders, as a power cut can leave it", () => {
  test.each([
    ["inbox", "done"],
    ["inbox", "failed"],
    ["failed", "done"],
  ] as const)("in %s and %s counts as the latter", async (from, to) => {
    const { opened, files, layout } = storeInMemory();
    const store = await opened();
    const ref = only(await publishAll(store, [newInbound("a")]));
    const text = await files.read(`${layout.inbox}/${ref}`);
    await files.remove(`${layout.inbox}/${ref}`);
    for (const folder of [from, to]) {
      await files.replace(`${layout[folder]}/${ref}`, text, { sync: true });
    }
    const reopened = await opened();
    expect(reopened.owed.InboundEvent).toEqual([]);
    expect(reopened.failed()).toEqual(to === "failed" ? [ref] : []);
    expect(await files.list(layout[from])).toEqual([]);
    expect(reopened.counts().quarantined).toBe(0);
  });

  test("and of one key under two names, the later one is owed and the other set aside", async () => {
    const { opened, files, layout, clock } = storeInMemory();
    const store = await opened();
    const first = only(await publishAll(store, [newInbound("a")]));
    const text = await files.read(`${layout.inbox}/${first}`);
    await files.remove(`${layout.inbox}/${first}`);
    await clock.advance(1);
    const second = only(await publishAll(await opened(), [newInbound("a")]));
    await files.replace(`${layout.inbox}/${first}`, text, { sync: true });
    const reopened = await opened();
    expect(reopened.owed.InboundEvent).toEqual([second]);
    expect(await files.list(layout.quarantine)).toContain(first);
  });
});
