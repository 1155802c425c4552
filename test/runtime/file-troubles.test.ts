import { describe, expect, test } from "vitest";
import { createFileTroubles } from "../../src/runtime/file-troubles.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { createFaultyFiles, type FileCallKind } from "../fakes/faulty-files.ts";
import { createRecordingFiles, DISK_ROOT } from "../fakes/recording-files.ts";

async function setUp() {
  const clock = createManualClock();
  const disk = createFaultyFiles(createRecordingFiles({ now: clock.now }));
  const { log, entries } = createRecordingLog();
  const { files, problems } = createFileTroubles({ files: disk, root: DISK_ROOT, clock, log });
  const folder = `${DISK_ROOT}/notes`;
  await files.makeDirectory(folder);
  const [path, other] = [`${folder}/a`, `${folder}/b`];
  await files.replace(path, "text", { sync: false });
  /** Every call that there is, in a form that works. */
  const calls: Record<FileCallKind, () => Promise<unknown>> = {
    makeDirectory: () => files.makeDirectory(`${folder}/more`),
    list: () => files.list(folder),
    read: () => files.read(path),
    readPart: () => files.readPart(path, 0, 1),
    stat: () => files.stat(path),
    identity: () => files.identity(path),
    create: () => files.create(`${folder}/new-${entries.length}`),
    openAppend: () => files.openAppend(path),
    rename: async () => {
      await files.rename(path, other);
      await files.rename(other, path);
    },
    remove: () => files.remove(other),
    syncDirectory: () => files.syncDirectory(folder),
    replace: () => files.replace(path, "text", { sync: true }),
    write: async () => (await files.openAppend(path)).write(Buffer.from("x")),
    size: async () => (await files.openAppend(path)).size(),
    truncate: async () => (await files.openAppend(path)).truncate(0),
    sync: async () => (await files.openAppend(path)).sync(),
    syncData: async () => (await files.openAppend(path)).syncData(),
    close: async () => (await files.openAppend(path)).close(),
  };
  return { clock, disk, files, problems, entries, calls };
}

const KINDS: readonly FileCallKind[] = [
  ...([
    "makeDirectory",
    "list",
    "read",
    "readPart",
    "stat",
    "identity",
    "create",
    "openAppend",
  ] as const),
  ...(["rename", "remove", "syncDirectory", "replace", "write", "size", "truncate"] as const),
  ...(["sync", "syncData", "close"] as const),
];

describe("a failed file call", () => {
  // Issue 3: nothing is swallowed.
  test.each(KINDS)("is logged once and shown until it works again (%s)", async (kind) => {
    const { disk, problems, entries, calls } = await setUp();
    disk.fail(kind, { code: "EIO" }, 2);
    for (const _ of [1, 2]) await expect(calls[kind]()).rejects.toThrow("EIO");
    expect(problems()).toEqual([
      expect.stringMatching(/^cannot [a-z ]+ files in notes: the disk reports an error \(EIO/),
    ]);
    expect(entries.filter(({ level }) => level === "error")).toHaveLength(1);
    await calls[kind]();
    expect(problems()).toEqual([]);
    expect(entries.at(-1)).toMatchObject({ level: "info" });
  });

  test("that only answers that a file is not there, or is there already, is none", async () => {
    const { files, problems } = await setUp();
    await expect(files.read(`${DISK_ROOT}/none`)).rejects.toThrow("ENOENT");
    await expect(files.create(`${DISK_ROOT}/notes/a`)).rejects.toThrow("EEXIST");
    expect(problems()).toEqual([]);
  });

  test("stays shown while another kind, or the same elsewhere, works", async () => {
    const { disk, files, problems, calls } = await setUp();
    disk.fail("read", { code: "EACCES" });
    await expect(calls.read()).rejects.toThrow("EACCES");
    await calls.write();
    await files.replace(`${DISK_ROOT}/elsewhere`, "text", { sync: false });
    await files.read(`${DISK_ROOT}/elsewhere`);
    expect(problems()).toHaveLength(1);
  });

  test.each([
    ["ENOSPC", "create"],
    ["EROFS", "rename"],
  ] as const)(
    "of a whole disk (%s) is over after a while when writing works anywhere",
    async (code, kind) => {
      const { clock, disk, files, problems, calls } = await setUp();
      disk.fail(kind, { code });
      await expect(calls[kind]()).rejects.toThrow(code);
      await files.replace(`${DISK_ROOT}/elsewhere`, "text", { sync: false });
      expect(problems()).toHaveLength(1);
      await clock.advance(10_001);
      await calls.read();
      expect(problems()).toHaveLength(1);
      await files.replace(`${DISK_ROOT}/elsewhere`, "text", { sync: false });
      expect(problems()).toEqual([]);
    },
  );

  test("is shown for an hour if nobody tries again", async () => {
    const { clock, disk, problems, calls } = await setUp();
    disk.fail("list", { code: "EMFILE" });
    await expect(calls.list()).rejects.toThrow("EMFILE");
    await clock.advance(3_599_000);
    expect(problems()).toHaveLength(1);
    await clock.advance(2000);
    expect(problems()).toEqual([]);
  });
});
