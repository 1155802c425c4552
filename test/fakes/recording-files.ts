import { basename, dirname } from "node:path";
import type { FileOps, OpenFile } from "../../src/runtime/file-ops.ts";
import { type DiskContents, type DiskOperation, type Lottery, whatIsLeft } from "./disk-log.ts";

/**
 * A disk in memory that records what is done to it. As files it is the view of a process that never dies; every
 * process that is to die gets a view of its own.
 */
export interface RecordingFiles extends FileOps {
  process(): ProcessFiles;
  /** How many operations were recorded. */
  operations(): number;
  /** What is left when the power fails after the first `at` operations (default: all). */
  powerCut(at?: number, lottery?: Lottery): RecordingFiles;
  /** A sync of a folder has failed: the names that it was to write will reach the disk only if they change again. */
  failSync(folder: string): void;
  /** Paths of files below a folder and their text, for looking on. */
  texts(folder: string): ReadonlyMap<string, string>;
}

export interface ProcessFiles extends FileOps {
  /** From now on its calls change nothing and never end. */
  kill(): void;
}

export interface RecordingOptions {
  /** UTC ms. */
  readonly now: () => number;
  /** Passes before each call is done; the default is a turn of the microtask queue. */
  readonly turn?: () => Promise<void>;
}

/** The folder that is there, durably, from the start. */
export const DISK_ROOT = "/disk";

interface FileNode {
  readonly number: number;
  bytes: Buffer;
  modifiedMs: number;
  changedMs: number;
}

type FolderNode = Map<string, FileNode | FolderNode>;

interface Disk {
  readonly options: RecordingOptions;
  readonly before: DiskContents;
  readonly log: DiskOperation[];
  readonly root: FolderNode;
  lastFile: number;
}

export function createRecordingFiles(options: RecordingOptions): RecordingFiles {
  return fromContents(options, {
    names: new Map([
      ["/", "folder"],
      [DISK_ROOT, "folder"],
    ]),
    files: new Map(),
  });
}

function fromContents(options: RecordingOptions, before: DiskContents): RecordingFiles {
  const lastFile = Math.max(0, ...before.files.keys());
  const disk: Disk = {
    options,
    before,
    log: [],
    root: new Map(),
    lastFile,
  };
  for (const [path, entry] of [...before.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (path !== "/") folderAt(disk, dirname(path)).set(basename(path), nodeOf(disk, entry));
  }
  return {
    ...filesOf(disk, { alive: true }),
    process() {
      const life = { alive: true };
      const kill = () => {
        life.alive = false;
      };
      return { ...filesOf(disk, life), kill };
    },
    operations: () => disk.log.length,
    powerCut: (at, lottery) =>
      fromContents(options, whatIsLeft(before, disk.log.slice(0, at), lottery)),
    failSync: (path) => void disk.log.push({ kind: "failedSync", path }),
    texts: (folder) => new Map(textsIn(folderAt(disk, folder), folder)),
  };
}

function nodeOf({ before, options }: Disk, entry: number | "folder"): FileNode | FolderNode {
  if (entry === "folder") return new Map();
  const now = options.now();
  const bytes = before.files.get(entry) ?? Buffer.alloc(0);
  return { number: entry, bytes, modifiedMs: now, changedMs: now };
}

function* textsIn(folder: FolderNode, path: string): Generator<[string, string]> {
  for (const [name, node] of folder) {
    if (node instanceof Map) yield* textsIn(node, `${path}/${name}`);
    else yield [`${path}/${name}`, node.bytes.toString("utf8")];
  }
}

interface Life {
  alive: boolean;
}

function filesOf(disk: Disk, life: Life): FileOps {
  /** A call does its whole work at one moment, if its process lives then. */
  async function call<T>(work: () => T): Promise<T> {
    await (disk.options.turn?.() ?? Promise.resolve());
    return life.alive ? work() : new Promise<never>(() => undefined);
  }
  /** The last `replace` of each path: one at a time. */
  const replacing = new Map<string, Promise<unknown>>();
  const open = (node: FileNode): OpenFile => openFile(disk, node, call);
  const files: FileOps = {
    makeDirectory: (path) => call(() => void makeFolder(disk, path)),
    list: (path) => call(() => [...(tryFolderAt(disk, path)?.keys() ?? [])]),
    read: (path) => call(() => fileAt(disk, path).bytes.toString("utf8")),
    readPart: (path, start, length) =>
      call(() =>
        fileAt(disk, path)
          .bytes.subarray(start, start + length)
          .toString("utf8"),
      ),
    stat: (path) => call(() => statOf(find(disk, path))),
    identity: (path) => call(() => identityOf(disk, path)),
    create: (path) => call(() => open(createFile(disk, path))),
    openAppend: (path) => call(() => open(tryFileAt(disk, path) ?? createFile(disk, path))),
    rename: (from, to) => call(() => rename(disk, from, to)),
    remove: (path) => call(() => remove(disk, path)),
    syncDirectory: (path) =>
      call(() => {
        folderAt(disk, path);
        disk.log.push({ kind: "syncDirectory", path });
      }),
    replace: (path, data, { sync }) => {
      const before = replacing.get(path) ?? Promise.resolve();
      const mine = before.then(() => replace(files, path, { data, sync }));
      replacing.set(
        path,
        mine.catch(() => undefined),
      );
      return mine;
    },
  };
  return files;
}

type Call = <T>(work: () => T) => Promise<T>;

function openFile(disk: Disk, node: FileNode, call: Call): OpenFile {
  const file = node.number;
  const sync = () => call(() => void disk.log.push({ kind: "sync", file }));
  return {
    write: (given) =>
      call(() => {
        const bytes = Buffer.from(given);
        setBytes(disk, node, Buffer.concat([node.bytes, bytes]));
        disk.log.push({ kind: "write", file, bytes });
        return bytes.length;
      }),
    size: () => call(() => node.bytes.length),
    truncate: (size) =>
      call(() => {
        setBytes(disk, node, node.bytes.subarray(0, size));
        disk.log.push({ kind: "truncate", file, size });
      }),
    sync,
    syncData: sync,
    close: () => call(() => undefined),
  };
}

/** Like write-file-atomic, with a sync of the folder. */
async function replace(
  files: FileOps,
  path: string,
  { data, sync }: { data: string; sync: boolean },
): Promise<void> {
  const tmp = `${path}.1`;
  await files.remove(tmp);
  const open = await files.create(tmp);
  await open.write(Buffer.from(data));
  if (sync) await open.sync();
  await open.close();
  await files.rename(tmp, path);
  if (sync) await files.syncDirectory(dirname(path));
}

function nodeError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code });
}

function find(disk: Disk, path: string): FileNode | FolderNode | undefined {
  let node: FileNode | FolderNode | undefined = disk.root;
  for (const name of path.split("/").filter((part) => part !== "")) {
    node = node instanceof Map ? node.get(name) : undefined;
  }
  return node;
}

function tryFolderAt(disk: Disk, path: string): FolderNode | undefined {
  const node = find(disk, path);
  if (node === undefined || node instanceof Map) return node;
  throw nodeError("ENOTDIR", path);
}

function folderAt(disk: Disk, path: string): FolderNode {
  const folder = tryFolderAt(disk, path);
  if (!folder) throw nodeError("ENOENT", path);
  return folder;
}

function tryFileAt(disk: Disk, path: string): FileNode | undefined {
  const node = find(disk, path);
  if (node instanceof Map) throw nodeError("EISDIR", path);
  return node;
}

function fileAt(disk: Disk, path: string): FileNode {
  const file = tryFileAt(disk, path);
  if (!file) throw nodeError("ENOENT", path);
  return file;
}

function statOf(node: FileNode | FolderNode | undefined) {
  if (!node) return undefined;
  if (node instanceof Map) return { size: 0, modifiedMs: 0, changedMs: 0, isFile: false };
  return {
    size: node.bytes.length,
    modifiedMs: node.modifiedMs,
    changedMs: node.changedMs,
    isFile: true,
  };
}

function identityOf(disk: Disk, path: string) {
  const node = find(disk, path);
  if (!node) throw nodeError("ENOENT", path);
  return node instanceof Map
    ? { id: `folder:${path}`, owner: 0, mode: 0o700 }
    : { id: `file:${node.number}`, owner: 0, mode: 0o600 };
}

function makeFolder(disk: Disk, path: string): FolderNode {
  const found = tryFolderAt(disk, path);
  if (found) return found;
  const folder: FolderNode = new Map();
  makeFolder(disk, dirname(path)).set(basename(path), folder);
  disk.log.push({ kind: "makeDirectory", path });
  return folder;
}

function createFile(disk: Disk, path: string): FileNode {
  const folder = folderAt(disk, dirname(path));
  if (folder.has(basename(path))) throw nodeError("EEXIST", path);
  disk.lastFile += 1;
  const now = disk.options.now();
  const file = { number: disk.lastFile, bytes: Buffer.alloc(0), modifiedMs: now, changedMs: now };
  folder.set(basename(path), file);
  disk.log.push({ kind: "create", path, file: file.number });
  return file;
}

function setBytes(disk: Disk, node: FileNode, bytes: Buffer): void {
  node.bytes = bytes;
  node.modifiedMs = disk.options.now();
  node.changedMs = node.modifiedMs;
}

function rename(disk: Disk, from: string, to: string): void {
  const file = fileAt(disk, from);
  const target = folderAt(disk, dirname(to));
  folderAt(disk, dirname(from)).delete(basename(from));
  target.set(basename(to), file);
  file.changedMs = disk.options.now();
  disk.log.push({ kind: "rename", from, to, file: file.number });
}

function remove(disk: Disk, path: string): void {
  if (tryFileAt(disk, path) === undefined) return;
  folderAt(disk, dirname(path)).delete(basename(path));
  disk.log.push({ kind: "remove", path });
}
