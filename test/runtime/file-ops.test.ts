import fs from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeFileOps as files } from "../../src/runtime/file-ops.ts";

let root: string;
const at = (...names: string[]) => join(root, ...names);
const mode = async (path: string) => (await stat(path)).mode & 0o777;
const bytes = (text: string) => new TextEncoder().encode(text);

/** Makes `fs.write` do what it may do on a full disk: write a part, and call that a success. */
function writeHalves(): () => void {
  const { write } = fs;
  type Done = (error: Error | null, written: number, text: string) => void;
  const half = (...[fd, text, at, encoding, done]: [number, string, number, string, Done]) =>
    write(fd, text.slice(0, text.length / 2), at, encoding as BufferEncoding, done);
  Object.assign(fs, { write: half });
  return () => void Object.assign(fs, { write });
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "file-ops-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("nodeFileOps.makeDirectory", () => {
  test("makes a folder and its parents for the owner alone", async () => {
    await files.makeDirectory(at("a", "b"));
    expect(await mode(at("a"))).toBe(0o700);
    expect(await mode(at("a", "b"))).toBe(0o700);
  });

  test("leaves an existing folder as it is", async () => {
    await mkdir(at("a"));
    await chmod(at("a"), 0o755);
    await writeFile(at("a", "file"), "x");
    await files.makeDirectory(at("a"));
    expect(await mode(at("a"))).toBe(0o755);
    expect(await readdir(at("a"))).toEqual(["file"]);
  });

  test("rejects where a file is in the way", async () => {
    await writeFile(at("a"), "");
    await expect(files.makeDirectory(at("a", "b"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });
});

describe("nodeFileOps.list", () => {
  test("gives the names in a folder", async () => {
    await writeFile(at("one"), "");
    await mkdir(at("two"));
    expect((await files.list(root)).sort()).toEqual(["one", "two"]);
  });

  test("gives nothing for a folder that is not there, and rejects for a file", async () => {
    expect(await files.list(at("none"))).toEqual([]);
    await writeFile(at("file"), "");
    await expect(files.list(at("file"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });
});

describe("nodeFileOps.read", () => {
  test("gives a file's text", async () => {
    await writeFile(at("file"), "größer 😀\n");
    expect(await files.read(at("file"))).toBe("größer 😀\n");
  });

  test("rejects for a file that is not there", async () => {
    await expect(files.read(at("none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("nodeFileOps.readPart", () => {
  test("gives so many bytes from a place, fewer where the file ends", async () => {
    await writeFile(at("file"), "0123456789");
    expect(await files.readPart(at("file"), 0, 4)).toBe("0123");
    expect(await files.readPart(at("file"), 7, 100)).toBe("789");
    expect(await files.readPart(at("file"), 99, 4)).toBe("");
  });

  test("rejects for a file that is not there", async () => {
    await expect(files.readPart(at("none"), 0, 1)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("nodeFileOps.stat", () => {
  test("gives size and time of a file", async () => {
    await writeFile(at("file"), "12345");
    const found = await files.stat(at("file"));
    expect(found).toMatchObject({ size: 5, isFile: true });
    expect(Math.abs((found?.modifiedMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("takes neither a folder nor a link for a file", async () => {
    await writeFile(at("file"), "");
    await symlink(at("file"), at("link"));
    expect(await files.stat(root)).toMatchObject({ isFile: false });
    expect(await files.stat(at("link"))).toMatchObject({ isFile: false });
  });

  test("gives nothing where there is nothing", async () => {
    expect(await files.stat(at("none"))).toBeUndefined();
  });
});

describe("nodeFileOps.create", () => {
  test("makes a new file for the owner alone", async () => {
    const file = await files.create(at("new"));
    expect(await file.write(bytes("hello"))).toBe(5);
    await file.sync();
    await file.close();
    expect(await readFile(at("new"), "utf8")).toBe("hello");
    expect(await mode(at("new"))).toBe(0o600);
  });

  test("rejects where there is a file, and leaves that alone", async () => {
    await writeFile(at("old"), "old");
    await expect(files.create(at("old"))).rejects.toMatchObject({ code: "EEXIST" });
    expect(await readFile(at("old"), "utf8")).toBe("old");
  });
});

describe("nodeFileOps.openAppend", () => {
  test("makes a file for the owner alone, and goes on at its end", async () => {
    for (const text of ["one ", "two"]) {
      const file = await files.openAppend(at("log"));
      await file.write(bytes(text));
      await file.syncData();
      await file.close();
    }
    expect(await readFile(at("log"), "utf8")).toBe("one two");
    expect(await mode(at("log"))).toBe(0o600);
  });

  test("cuts a file back, and goes on from there", async () => {
    await writeFile(at("log"), "one\ntw");
    const file = await files.openAppend(at("log"));
    expect(await file.size()).toBe(6);
    await file.truncate(4);
    expect(await file.size()).toBe(4);
    await file.write(bytes("three\n"));
    await file.close();
    expect(await readFile(at("log"), "utf8")).toBe("one\nthree\n");
  });
});

describe("nodeFileOps.rename", () => {
  test("moves a file, over another one too", async () => {
    await writeFile(at("a"), "new");
    await writeFile(at("b"), "old");
    await files.rename(at("a"), at("b"));
    expect(await readdir(root)).toEqual(["b"]);
    expect(await readFile(at("b"), "utf8")).toBe("new");
  });

  test("rejects for a file that is not there", async () => {
    await expect(files.rename(at("none"), at("b"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("nodeFileOps.remove", () => {
  test("removes a file, and is content when there is none", async () => {
    await writeFile(at("a"), "");
    await files.remove(at("a"));
    await files.remove(at("a"));
    expect(await readdir(root)).toEqual([]);
  });

  test("does not remove a folder", async () => {
    await mkdir(at("folder"));
    await expect(files.remove(at("folder"))).rejects.toMatchObject({
      code: expect.stringMatching(/^(EISDIR|EPERM)$/),
    });
  });
});

describe("nodeFileOps.syncDirectory", () => {
  test("syncs a folder, and rejects for one that is not there", async () => {
    await files.syncDirectory(root);
    await expect(files.syncDirectory(at("none"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("nodeFileOps.replace", () => {
  test.each([true, false])(
    "replaces the whole file and leaves nothing beside it, sync: %s",
    async (sync) => {
      await writeFile(at("file"), "a longer text than the new one");
      await files.replace(at("file"), "größer", { sync });
      expect(await readFile(at("file"), "utf8")).toBe("größer");
      expect(await readdir(root)).toEqual(["file"]);
    },
  );

  test("makes a new file for the owner alone", async () => {
    await files.replace(at("file"), "x", { sync: true });
    expect(await mode(at("file"))).toBe(0o600);
  });

  test("rejects when fewer bytes were written than given", async () => {
    const restore = writeHalves();
    try {
      await expect(files.replace(at("file"), "123456", { sync: true })).rejects.toMatchObject({
        message: `Cannot replace ${at("file")}: 3 of 6 bytes written`,
        code: "ENOSPC",
      });
    } finally {
      restore();
    }
  });

  test("rejects when the folder is not there, and leaves nothing", async () => {
    await expect(files.replace(at("none", "file"), "x", { sync: true })).rejects.toMatchObject({
      code: "ENOENT",
    });
    expect(await readdir(root)).toEqual([]);
  });
});
