import type { FileOps, OpenFile } from "../../src/runtime/file-ops.ts";

export type FileCallKind = keyof FileOps | keyof OpenFile;

/** One call as faults see it. */
export interface FileCall {
  readonly kind: FileCallKind;
  readonly path: string;
  /** 1 for the first call of all, whatever its kind. */
  readonly index: number;
}

export interface FileFault {
  /** Rejects with an error of this code, after `wait`; the call does nothing. */
  readonly code?: "ENOSPC" | "EIO" | "EACCES" | "EMFILE" | "EROFS" | "ENOENT";
  /** A `write` takes only so many bytes, and calls that a success. */
  readonly bytes?: number;
  /** The call waits for this before it does anything. */
  readonly wait?: () => Promise<unknown>;
}

export type CallMatch = (call: FileCall) => boolean;

/** The nth call of a kind, from now on, counted from 1. */
export function nth(index: number, kind: FileCallKind): CallMatch {
  let count = 0;
  return (call) => {
    if (call.kind === kind) count += 1;
    return call.kind === kind && count === index;
  };
}

/** Passes calls on to other files, but for the faults that were ordered. */
export interface FaultyFiles extends FileOps {
  /** The next `times` calls that match get this fault (Infinity until cleared); the first order that matches counts. */
  fail(match: FileCallKind | CallMatch, fault: FileFault, times?: number): void;
  clear(): void;
  /** How many calls of this kind were made, faulty ones included; of all kinds if none is given. */
  count(...kinds: readonly FileCallKind[]): number;
  /** All calls in order. */
  readonly calls: readonly FileCall[];
}

interface Order {
  readonly matches: CallMatch;
  readonly fault: FileFault;
  left: number;
}

interface State {
  readonly calls: FileCall[];
  readonly orders: Order[];
}

/** Runs a call unless a fault is due. `work` is given the bytes that a short write may take. */
type Run = <T>(
  kind: FileCallKind,
  path: string,
  work: (bytes: number | undefined) => Promise<T>,
) => Promise<T>;

export function createFaultyFiles(files: FileOps): FaultyFiles {
  const state: State = { calls: [], orders: [] };
  const run: Run = async (kind, path, work) => work(await meetFault(state, kind, path));
  return {
    fail(match, fault, times = 1) {
      const matches = typeof match === "string" ? ({ kind }: FileCall) => kind === match : match;
      state.orders.push({ matches, fault, left: times });
    },
    clear: () => void state.orders.splice(0),
    count: (...kinds) =>
      state.calls.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind)).length,
    calls: state.calls,
    ...faultyCalls(files, run),
  };
}

async function meetFault(
  { calls, orders }: State,
  kind: FileCallKind,
  path: string,
): Promise<number | undefined> {
  const call: FileCall = { kind, path, index: calls.length + 1 };
  calls.push(call);
  const order = orders.find((candidate) => candidate.left > 0 && candidate.matches(call));
  if (!order) return undefined;
  order.left -= 1;
  await order.fault.wait?.();
  const { code } = order.fault;
  if (code) throw Object.assign(new Error(`${code}: injected at ${kind} '${path}'`), { code });
  return order.fault.bytes;
}

function faultyCalls(files: FileOps, run: Run): FileOps {
  const open = async (path: string, opened: Promise<OpenFile>) =>
    faultyFile(path, await opened, run);
  return {
    makeDirectory: (path) => run("makeDirectory", path, () => files.makeDirectory(path)),
    list: (path) => run("list", path, () => files.list(path)),
    read: (path) => run("read", path, () => files.read(path)),
    readPart: (path, start, length) =>
      run("readPart", path, () => files.readPart(path, start, length)),
    stat: (path) => run("stat", path, () => files.stat(path)),
    identity: (path) => run("identity", path, () => files.identity(path)),
    create: (path) => run("create", path, () => open(path, files.create(path))),
    openAppend: (path) => run("openAppend", path, () => open(path, files.openAppend(path))),
    rename: (from, to) => run("rename", from, () => files.rename(from, to)),
    remove: (path) => run("remove", path, () => files.remove(path)),
    syncDirectory: (path) => run("syncDirectory", path, () => files.syncDirectory(path)),
    replace: (path, data, options) =>
      run("replace", path, () => files.replace(path, data, options)),
  };
}

function faultyFile(path: string, file: OpenFile, run: Run): OpenFile {
  return {
    write: (bytes) => run("write", path, (taken) => file.write(bytes.subarray(0, taken))),
    size: () => run("size", path, () => file.size()),
    truncate: (size) => run("truncate", path, () => file.truncate(size)),
    sync: () => run("sync", path, () => file.sync()),
    syncData: () => run("syncData", path, () => file.syncData()),
    // A descriptor is closed even where that reports an error.
    close: async () => {
      await file.close();
      await run("close", path, async () => undefined);
    },
  };
}
