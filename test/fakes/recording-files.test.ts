import { describe, expect, test } from "vitest";
import type { FileOps } from "../../src/runtime/file-ops.ts";
import { createRecordingFiles, DISK_ROOT } from "./recording-files.ts";

const now = () => 0;
const [A, B] = [`${DISK_ROOT}/a`, `${DISK_ROOT}/b`];

async function withFolders() {
  const disk = createRecordingFiles({ now });
  for (const folder of [A, B]) await disk.makeDirectory(folder);
  await disk.syncDirectory(DISK_ROOT);
  return disk;
}

async function write(files: FileOps, path: string, text: string) {
  const file = await files.create(path);
  await file.write(Buffer.from(text));
  await file.sync();
  await file.close();
}

async function writeUnsynced(files: FileOps, path: string, text: string) {
  const file = await files.create(path);
  await file.write(Buffer.from(text));
  await file.close();
}

// The suite stands on this fake: what it says of a power cut must be true.
describe("the model disk", () => {
  test("loses contents that were not synced, and keeps those that were", async () => {
    const disk = await withFolders();
    await write(disk, `${A}/safe`, "safe");
    await writeUnsynced(disk, `${A}/lost`, "lost");
    await disk.syncDirectory(A);
    expect(disk.powerCut().texts(A)).toEqual(
      new Map([
        [`${A}/safe`, "safe"],
        [`${A}/lost`, ""],
      ]),
    );
  });

  test("loses names whose folder was not synced, folders included", async () => {
    const disk = await withFolders();
    await write(disk, `${A}/x`, "x");
    expect(await disk.powerCut().list(A)).toEqual([]);
    await disk.makeDirectory(`${A}/new`);
    await write(disk, `${A}/new/y`, "y");
    await disk.syncDirectory(`${A}/new`);
    expect(await disk.powerCut().list(DISK_ROOT)).toEqual(["a", "b"]);
    expect(await disk.powerCut().list(A)).toEqual([]);
    await disk.syncDirectory(A);
    expect(disk.powerCut().texts(A).get(`${A}/new/y`)).toBe("y");
  });

  test("takes a rename inside a folder whole or not at all", async () => {
    const disk = await withFolders();
    await write(disk, `${A}/tmp`, "new");
    await write(disk, `${A}/name`, "old");
    await disk.syncDirectory(A);
    await disk.rename(`${A}/tmp`, `${A}/name`);
    expect((await disk.powerCut().list(A)).sort()).toEqual(["name", "tmp"]);
    await disk.syncDirectory(A);
    expect(disk.powerCut().texts(A)).toEqual(new Map([[`${A}/name`, "new"]]));
  });

  test("takes a rename between folders for two changes, and never loses the file", async () => {
    const disk = await withFolders();
    await write(disk, `${A}/x`, "x");
    await disk.syncDirectory(A);
    await disk.rename(`${A}/x`, `${B}/x`);
    const left = async () => [await disk.powerCut().list(A), await disk.powerCut().list(B)];
    expect(await left()).toEqual([["x"], []]);
    await disk.syncDirectory(A);
    expect(await left()).toEqual([["x"], []]);
    await disk.syncDirectory(B);
    expect(await left()).toEqual([["x"], ["x"]]);
    await disk.syncDirectory(A);
    expect(await left()).toEqual([[], ["x"]]);
  });

  test("gives what is left at any operation, and goes on from there", async () => {
    const disk = await withFolders();
    await write(disk, `${A}/x`, "x");
    const before = disk.operations();
    await disk.syncDirectory(A);
    expect(await disk.powerCut(before).list(A)).toEqual([]);
    const left = disk.powerCut();
    await write(left, `${A}/y`, "y");
    await left.syncDirectory(A);
    expect([...left.powerCut().texts(A).values()].sort()).toEqual(["x", "y"]);
    expect(await disk.list(A)).toEqual(["x"]);
  });

  test("replaces a file at once, durably only with a sync", async () => {
    const disk = await withFolders();
    await disk.replace(`${A}/note`, "old", { sync: true });
    await disk.replace(`${A}/note`, "new", { sync: false });
    expect(await disk.read(`${A}/note`)).toBe("new");
    expect(await disk.powerCut().read(`${A}/note`)).toBe("old");
    const lottery = { random: () => 0.99, names: "prefix" as const };
    expect(await disk.powerCut(undefined, lottery).read(`${A}/note`)).toBe("ne");
  });

  test("does nothing more for a process that was killed, and all for the next", async () => {
    const disk = await withFolders();
    const first = disk.process();
    await writeUnsynced(first, `${A}/x`, "x");
    const never = first.remove(`${A}/x`);
    first.kill();
    const ended = await Promise.race([never.then(() => "ended"), disk.list(A)]);
    expect(ended).toEqual(["x"]);
    expect(await disk.process().read(`${A}/x`)).toBe("x");
  });

  test("rejects like the real thing", async () => {
    const disk = await withFolders();
    await write(disk, `${A}/x`, "x");
    const rejections: [Promise<unknown>, string][] = [
      [disk.read(`${A}/none`), "ENOENT"],
      [disk.create(`${A}/x`), "EEXIST"],
      [disk.create(`${A}/none/x`), "ENOENT"],
      [disk.rename(`${A}/none`, `${A}/y`), "ENOENT"],
      [disk.rename(`${A}/x`, `${A}/none/x`), "ENOENT"],
      [disk.syncDirectory(`${A}/none`), "ENOENT"],
      [disk.list(`${A}/x`), "ENOTDIR"],
      [disk.read(A), "EISDIR"],
    ];
    for (const [promise, code] of rejections) await expect(promise).rejects.toMatchObject({ code });
    expect(await disk.list(`${A}/none`)).toEqual([]);
    expect(await disk.stat(`${A}/none`)).toBeUndefined();
    await disk.remove(`${A}/none`);
    expect(await disk.read(`${A}/x`)).toBe("x");
  });
});
