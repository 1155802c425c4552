import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { dirname } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { promisify } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { errorCode } from "./errors.ts";

/**
 * Every file call of the product goes through this port, so that tests can inject each fault and record each write.
 * A call either does its whole work or rejects with Node's error (its `code` names the cause). No call retries.
 */
export interface FileOps {
  /** Makes the folder and its parents, mode 0700. Existing ones are left as they are. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a folder, in no order; empty if there is no such folder. */
  list(path: string): Promise<string[]>;
  /** The bytes of a file as UTF-8; rejects with ENOENT if there is none. */
  read(path: string): Promise<string>;
  /** So many bytes of a file from a place in it, as UTF-8; fewer where it ends. A character that is cut is U+FFFD. */
  readPart(path: string, start: number, length: number): Promise<string>;
  /** Undefined if there is nothing at the path. `modifiedMs`: contents; `changedMs`: contents, name or folder. Links are not followed. */
  stat(
    path: string,
  ): Promise<{ size: number; modifiedMs: number; changedMs: number; isFile: boolean } | undefined>;
  /** What the kernel knows of the file or folder that a name leads to, links followed; rejects with ENOENT if there is none. */
  identity(path: string): Promise<FileIdentity>;
  /** Makes a new file, mode 0600; rejects with EEXIST if there is one (O_EXCL). */
  create(path: string): Promise<OpenFile>;
  /** Opens for appending, making the file (mode 0600) if there is none. */
  openAppend(path: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable: what was renamed into it or made in it before the call. */
  syncDirectory(path: string): Promise<void>;
  /**
   * Replaces a whole file so that a reader sees the old or the new one, never a mix. With `sync`, the new one and
   * its name survive a power cut when this resolves; without, only the death of the process.
   */
  replace(path: string, data: string, options: { sync: boolean }): Promise<void>;
}

export interface FileIdentity {
  /** Device and inode: the same for every name of the same thing, different for different things on one machine. */
  readonly id: string;
  /** User id; 0 on Windows. */
  readonly owner: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface OpenFile {
  /** Writes at the end; resolves with the number of bytes written, which may be fewer than given. */
  write(bytes: Uint8Array): Promise<number>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** fsync: contents and metadata. Never call again on the same file after a failure: the kernel forgets it. */
  sync(): Promise<void>;
  /** fdatasync: contents, and the metadata needed to read them. */
  syncData(): Promise<void>;
  close(): Promise<void>;
}

/*
 * Calls that touch only the page cache are made in place: they take microseconds, while a trip through the thread pool
 * takes ten times that, and a message has dozens of them. Only what waits for the disk (fsync) or is large goes through
 * the pool (docs/architecture.md, "What a message costs").
 */
const IN_PLACE_BYTES = 65_536;

const fsyncInPool = promisify((fd: number, done: fs.NoParamCallback) => fs.fsync(fd, done));
const fdatasyncInPool = promisify((fd: number, done: fs.NoParamCallback) => fs.fdatasync(fd, done));
const writeInPool = promisify(
  (fd: number, bytes: Uint8Array, done: (error: Error | null, written: number) => void) =>
    fs.write(fd, bytes, done),
);

function openFile(fd: number): OpenFile {
  return {
    async write(bytes) {
      return bytes.length > IN_PLACE_BYTES ? writeInPool(fd, bytes) : fs.writeSync(fd, bytes);
    },
    size: async () => fs.fstatSync(fd).size,
    truncate: async (size) => fs.ftruncateSync(fd, size),
    sync: () => fsyncInPool(fd),
    syncData: () => fdatasyncInPool(fd),
    close: async () => fs.closeSync(fd),
  };
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a folder; NTFS journals renames by itself.
  if (process.platform === "win32") return;
  const fd = fs.openSync(path, "r");
  try {
    await fsyncInPool(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const NAMES_A_SLICE = 1024;

/** In place, because it takes half the time, and in slices, so that 200,000 names leave timers and sockets their turn. */
async function list(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    const folder = fs.opendirSync(path, { bufferSize: NAMES_A_SLICE });
    try {
      for (let entry = folder.readSync(); entry; entry = folder.readSync()) {
        if (names.push(entry.name) % NAMES_A_SLICE === 0) await breathe();
      }
    } finally {
      folder.closeSync();
    }
    return names;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function read(path: string): Promise<string> {
  return fs.statSync(path).size > IN_PLACE_BYTES
    ? fs.promises.readFile(path, "utf8")
    : fs.readFileSync(path, "utf8");
}

async function readPart(path: string, start: number, length: number): Promise<string> {
  const file = await fs.promises.open(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.toString("utf8", 0, filled);
  } finally {
    await file.close();
  }
}

/** Not `rmSync`: it looks twice at what it removes. */
function remove(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

async function replace(path: string, data: string, options: { sync: boolean }): Promise<void> {
  if (options.sync) return replaceForGood(path, data);
  const tmp = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    fs.writeFileSync(tmp, data, { mode: 0o600, flag: "wx" });
    fs.renameSync(tmp, path);
  } catch (error) {
    remove(tmp);
    throw error;
  }
}

/** `write-file-atomic` ignores short writes and never syncs the folder (docs/architecture.md, "Writing"). */
async function replaceForGood(path: string, data: string): Promise<void> {
  await writeFileAtomic(path, data, { mode: 0o600 });
  const { size } = await fs.promises.stat(path);
  const wanted = Buffer.byteLength(data);
  if (size !== wanted) {
    throw Object.assign(new Error(`Cannot replace ${path}: ${size} of ${wanted} bytes written`), {
      code: "ENOSPC",
    });
  }
  await syncDirectory(dirname(path));
}

/** The real thing. Functions are looked up on `fs` at each call, so that a preload can replace them. */
export const nodeFileOps: FileOps = {
  async makeDirectory(path) {
    await fs.promises.mkdir(path, { recursive: true, mode: 0o700 });
  },
  list,
  read,
  readPart,
  async stat(path) {
    // An error that nobody needs would cost more than the look itself.
    const found = fs.lstatSync(path, { throwIfNoEntry: false });
    return (
      found && {
        size: found.size,
        modifiedMs: found.mtimeMs,
        changedMs: found.ctimeMs,
        isFile: found.isFile(),
      }
    );
  },
  async identity(path) {
    const { dev, ino, uid, mode } = await fs.promises.stat(path, { bigint: true });
    return { id: `${dev}:${ino}`, owner: Number(uid), mode: Number(mode) & 0o777 };
  },
  create: async (path) => openFile(fs.openSync(path, "wx", 0o600)),
  openAppend: async (path) => openFile(fs.openSync(path, "a", 0o600)),
  rename: async (from, to) => fs.renameSync(from, to),
  remove: async (path) => remove(path),
  syncDirectory,
  replace,
};
