import { dirname } from "node:path";
import { assertNever } from "../../src/runtime/assert-never.ts";

/** What was done to a disk, one entry for each operation that can come before or after a power cut. */
export type DiskOperation =
  | { readonly kind: "makeDirectory"; readonly path: string }
  | { readonly kind: "create"; readonly path: string; readonly file: number }
  | { readonly kind: "write"; readonly file: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly file: number; readonly size: number }
  | { readonly kind: "sync"; readonly file: number }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly file: number }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "syncDirectory"; readonly path: string }
  /** One that failed: the kernel forgets what it had to write, and calls it written. */
  | { readonly kind: "failedSync"; readonly path: string };

/** A file's number, or a folder. */
export type DiskEntry = number | "folder";

export interface DiskContents {
  readonly names: ReadonlyMap<string, DiskEntry>;
  readonly files: ReadonlyMap<number, Buffer>;
}

/** What happens at a power cut to what was not synced. */
export interface Lottery {
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  /**
   * `prefix`: names change in the order of the operations, as with a journal, so that those up to some moment survive.
   * `subset`: any of them survive. Contents are kept, lost or torn, each file by itself.
   */
  readonly names: "prefix" | "subset";
}

interface NameChange {
  readonly path: string;
  readonly to: DiskEntry | undefined;
  /** The other name that the same operation changed, in the same folder: both or none. */
  readonly also?: string;
  /** An old name goes only when the new one is there: no file system loses a file in a rename. */
  readonly after?: NameChange;
}

interface Replay {
  readonly names: Map<string, DiskEntry>;
  readonly live: Map<number, Buffer>;
  readonly synced: Map<number, Buffer>;
  /** Name changes that no sync has made durable, oldest first. */
  pending: NameChange[];
}

/**
 * What is left of a disk after these operations and a power cut. Only what was fsynced survives: contents after the
 * file's sync, names after a sync of their folder. A rename between folders is two name changes.
 */
export function whatIsLeft(
  before: DiskContents,
  operations: readonly DiskOperation[],
  lottery?: Lottery,
): DiskContents {
  const replay: Replay = {
    names: new Map(before.names),
    live: new Map(before.files),
    synced: new Map(before.files),
    pending: [],
  };
  for (const operation of operations) redo(replay, operation);
  if (lottery) drawNames(replay, lottery);
  const names = new Map([...replay.names].filter(([path]) => isReachable(replay.names, path)));
  const files = [...names.values()]
    .filter((entry) => entry !== "folder")
    .map((file) => [file, contentsOf(replay, file, lottery)] as const);
  return { names, files: new Map(files) };
}

function redo(replay: Replay, operation: DiskOperation): void {
  const { live, synced } = replay;
  switch (operation.kind) {
    case "makeDirectory":
      change(replay, { path: operation.path, to: "folder" });
      break;
    case "create":
      live.set(operation.file, NO_BYTES);
      synced.set(operation.file, NO_BYTES);
      change(replay, { path: operation.path, to: operation.file });
      break;
    case "write":
      live.set(operation.file, Buffer.concat([bytesOf(live, operation.file), operation.bytes]));
      break;
    case "truncate":
      live.set(operation.file, bytesOf(live, operation.file).subarray(0, operation.size));
      break;
    case "sync":
      synced.set(operation.file, bytesOf(live, operation.file));
      break;
    case "rename":
      change(replay, ...renameChanges(operation));
      break;
    case "remove":
      change(replay, { path: operation.path, to: undefined });
      break;
    case "syncDirectory":
      keep(replay, ({ path }) => dirname(path) === operation.path);
      break;
    case "failedSync":
      forget(replay, operation.path);
      break;
    default:
      assertNever(operation);
  }
}

function forget(replay: Replay, folder: string): void {
  const lost = new Set(replay.pending.filter(({ path }) => dirname(path) === folder));
  // No name goes without the one that replaces it.
  replay.pending = replay.pending.filter(
    (change) => !lost.has(change) && !(change.after && lost.has(change.after)),
  );
}

const NO_BYTES = Buffer.alloc(0);

const bytesOf = (files: ReadonlyMap<number, Buffer>, file: number) => files.get(file) ?? NO_BYTES;

function change(replay: Replay, ...changes: readonly NameChange[]): void {
  replay.pending.push(...changes);
}

function renameChanges({ from, to, file }: Extract<DiskOperation, { kind: "rename" }>) {
  if (dirname(from) === dirname(to)) return [{ path: to, to: file, also: from }];
  const added: NameChange = { path: to, to: file };
  return [added, { path: from, to: undefined, after: added }];
}

/** Makes pending changes durable: those that are wanted, unless something they build on is not. */
function keep(replay: Replay, wanted: (change: NameChange) => boolean): void {
  const left = new Set<NameChange>();
  const blocked = new Set<string>();
  for (const pending of replay.pending) {
    const builtOn = pending.after && left.has(pending.after);
    if (builtOn || pathsOf(pending).some((path) => blocked.has(path)) || !wanted(pending)) {
      left.add(pending);
      for (const path of pathsOf(pending)) blocked.add(path);
    } else settle(replay.names, pending);
  }
  replay.pending = [...left];
}

const pathsOf = ({ path, also }: NameChange) => (also === undefined ? [path] : [path, also]);

function settle(names: Map<string, DiskEntry>, { path, to, also }: NameChange): void {
  if (also !== undefined) names.delete(also);
  if (to === undefined) names.delete(path);
  else names.set(path, to);
}

function drawNames(replay: Replay, { random, names }: Lottery): void {
  const moment = Math.floor(random() * (replay.pending.length + 1));
  const earlier = new Set(replay.pending.slice(0, moment));
  keep(replay, (pending) => (names === "prefix" ? earlier.has(pending) : random() < 0.5));
}

function isReachable(names: ReadonlyMap<string, DiskEntry>, path: string): boolean {
  const folder = dirname(path);
  if (folder === path) return true;
  return names.get(folder) === "folder" && isReachable(names, folder);
}

function contentsOf({ live, synced }: Replay, file: number, lottery?: Lottery): Buffer {
  const [safe, hoped] = [bytesOf(synced, file), bytesOf(live, file)];
  if (!lottery || safe === hoped) return safe;
  const draw = lottery.random();
  if (draw < 0.3) return safe;
  return draw < 0.6 ? hoped : hoped.subarray(0, Math.floor(lottery.random() * hoped.length));
}
