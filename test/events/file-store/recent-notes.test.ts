import { describe, expect, test } from "vitest";
import { recentNotesPath } from "../../../src/events/file-store/layout.ts";
import { EMPTY_NOTE, type Note } from "../../../src/events/note.ts";
import { newOutbound } from "../../builders/new-event.ts";
import { publishAll, storeInMemory, storeOnDisk } from "../set-up-store.ts";

const UNSYNCED = { sync: false };
const note = (attempts: number): Note => ({ ...EMPTY_NOTE, attempts });

/** A store in which two events have recent notes. */
async function withTwoNotes() {
  const world = storeInMemory();
  const store = await world.opened();
  const [a = "", b = ""] = await publishAll(store, [newOutbound("a"), newOutbound("b")]);
  await store.writeNote(a, note(1), UNSYNCED);
  await store.writeNote(b, note(2), UNSYNCED);
  await store.writeNote(a, note(3), UNSYNCED);
  return { ...world, store, a, b, path: recentNotesPath(world.layout) };
}

describe("recent notes", () => {
  test("are what was written last of each event, also for the next process", async () => {
    const { store, opened, a, b } = await withTwoNotes();
    for (const reader of [store, await opened(), await opened()]) {
      expect(await reader.readNote(a)).toEqual(note(3));
      expect(await reader.readNote(b)).toEqual(note(2));
    }
  });

  test("give way to a note that is synced, whichever of them was asked for first", async () => {
    const { store, opened, a, b } = await withTwoNotes();
    await store.writeNote(a, note(4), { sync: true });
    await store.writeNote(a, note(5), UNSYNCED);
    for (const reader of [store, await opened()]) {
      expect(await reader.readNote(a)).toEqual(note(5));
      expect(await reader.readNote(b)).toEqual(note(2));
    }
  });

  test("of a settled event are left out by the next start", async () => {
    const { store, opened, files, a, b, path } = await withTwoNotes();
    await store.settle(a, "done", UNSYNCED);
    await opened();
    expect(await files.read(path)).toMatch(new RegExp(`^${b} \\{.*\\}\\n$`));
    await (await opened()).settle(b, "done", UNSYNCED);
    await opened();
    expect(await files.list(path.slice(0, path.lastIndexOf("/")))).toEqual([]);
  });

  test("cut off at any length lose what was cut off and nothing else, silently", async () => {
    const { opened, files, path, a, b } = await withTwoNotes();
    const text = await files.read(path);
    const [first = "", second = ""] = text.split("\n");
    for (let length = 0; length < text.length; length += 1) {
      await files.replace(path, text.slice(0, length), { sync: true });
      const store = await opened();
      const whole = (line: string) => text.indexOf(line) + line.length < length;
      expect(await store.readNote(a)).toEqual(whole(first) ? note(1) : EMPTY_NOTE);
      expect(await store.readNote(b)).toEqual(whole(second) ? note(2) : EMPTY_NOTE);
      expect(store.counts().quarantined).toBe(0);
    }
  });

  test.each([
    ["{", "no line"],
    ['7760310681600000-m0123456789ab-0123456789abcdef.json {"v":2}', "a later version"],
  ])("with %s in the middle (%s) are set aside whole, and the rest goes on", async (line) => {
    const { opened, files, layout, path, a, b } = await withTwoNotes();
    const text = await files.read(path);
    const damaged = text.replace("\n", `\n${line}\n`);
    await files.replace(path, damaged, { sync: true });
    const store = await opened();
    expect(await store.readNote(a)).toEqual(note(3));
    expect(await store.readNote(b)).toEqual(note(2));
    expect(store.counts().quarantined).toBe(1);
    expect(await files.read(`${layout.quarantine}/recent-notes`)).toBe(damaged);
    expect((await opened()).counts().quarantined).toBe(1);
  });

  test("are whole again after a write that failed in the middle of a line", async () => {
    const { store, opened, files, a, b } = await withTwoNotes();
    files.fail("write", { bytes: 20 });
    files.fail("write", { code: "ENOSPC" });
    await expect(store.writeNote(a, note(9), UNSYNCED)).rejects.toThrow("ENOSPC");
    expect(await store.readNote(a)).toEqual(note(3));
    await store.writeNote(b, note(7), UNSYNCED);
    const next = await opened();
    expect(await next.readNote(a)).toEqual(note(3));
    expect(await next.readNote(b)).toEqual(note(7));
    expect(next.counts().quarantined).toBe(0);
  });

  // With the rewriting taken out, the file has 12 MB in the end.
  test("take no more room than a small multiple of those that count", async () => {
    const { files, layout, opened } = await storeOnDisk();
    const store = await opened();
    const [ref = ""] = await publishAll(store, [newOutbound("a")]);
    const long = (n: number): Note => ({ ...note(n), progress: { parts: ["x".repeat(60_000)] } });
    for (let n = 1; n <= 200; n += 1) await store.writeNote(ref, long(n), UNSYNCED);
    expect((await files.stat(recentNotesPath(layout)))?.size).toBeLessThan(1_200_000);
    expect(await (await opened()).readNote(ref)).toEqual(long(200));
  });
});
