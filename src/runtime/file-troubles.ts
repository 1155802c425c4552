import { dirname, relative } from "node:path";
import type { Clock } from "./clock.ts";
import { diskReason } from "./disk-reason.ts";
import { errorCode } from "./errors.ts";
import type { FileOps, OpenFile } from "./file-ops.ts";
import type { Log } from "./log.ts";

/**
 * Watches every file call, so that none fails unseen, whoever made it and whatever became of it: each kind of failure
 * in a folder is logged once, and shown until a call of that kind works there again, or has not failed for an hour. A
 * full disk, a read-only one and a lack of descriptors are troubles of the whole: one that was not met again for a while
 * is over as soon as writing, or opening, works anywhere.
 */
export interface FileTroubles {
  /** The same files, watched. */
  readonly files: FileOps;
  /** What fails now, each in one line. */
  problems(): readonly string[];
}

export interface FileTroublesDeps {
  readonly files: FileOps;
  /** Folders are named relative to this one. */
  readonly root: string;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

const SHOWN_MS = 3_600_000;
const A_WHILE_MS = 10_000;

/** What callers ask about: that a file is not there, or is there already, is an answer. */
const ANSWERS = ["ENOENT", "EEXIST"];

/** Apart, because on a full disk a file can be opened and not be written: one that works says nothing of the other. */
type Action =
  | ("make" | "list" | "read" | "look at" | "open" | "write" | "cut")
  | ("sync" | "close" | "replace" | "rename" | "remove");

/** A file call: what it does in which folder. */
type Watch = <T>(action: Action, folder: string, call: () => Promise<T>) => Promise<T>;

/** Calls that tell by working that a trouble of the whole machine is over. */
const OVER_BY: Readonly<Record<string, readonly Action[]>> = {
  ENOSPC: ["write", "replace"],
  EDQUOT: ["write", "replace"],
  EROFS: ["write", "replace"],
  EMFILE: ["open"],
  ENFILE: ["open"],
};

interface Trouble {
  readonly code: string | undefined;
  readonly problem: string;
  /** When it was last met, UTC ms. */
  readonly at: number;
}

export function createFileTroubles(deps: FileTroublesDeps): FileTroubles {
  const { files, root, clock, log } = deps;
  const troubles = new Map<string, Trouble>();

  function failed(key: string, error: unknown): void {
    const code = errorCode(error);
    const problem = `cannot ${key}: ${diskReason(error)}`;
    const known = troubles.get(key);
    if (!known || known.code !== code) log.error({ err: error }, problem);
    troubles.set(key, { code, problem, at: clock.now() });
  }

  const keyOf = (action: Action, folder: string) =>
    `${action} files in ${relative(root, folder) || "the workspace"}`;

  function worked(action: Action, folder: string): void {
    const own = keyOf(action, folder);
    for (const [key, { code = "", at }] of troubles) {
      const isOver = OVER_BY[code]?.includes(action) && Math.abs(clock.now() - at) > A_WHILE_MS;
      if (key !== own && !isOver) continue;
      troubles.delete(key);
      log.info(`can ${key} again`);
    }
  }

  const watch: Watch = async (action, folder, call) => {
    try {
      const result = await call();
      if (troubles.size > 0) worked(action, folder);
      return result;
    } catch (error) {
      if (!ANSWERS.includes(errorCode(error) ?? "")) failed(keyOf(action, folder), error);
      throw error;
    }
  };

  return {
    files: watchFiles(files, watch),
    problems() {
      for (const [key, { at }] of troubles) {
        if (Math.abs(clock.now() - at) > SHOWN_MS) troubles.delete(key);
      }
      return [...troubles.values()].map(({ problem }) => problem);
    },
  };
}

function watchFiles(files: FileOps, watch: Watch): FileOps {
  const open = (path: string, opening: () => Promise<OpenFile>) =>
    watch("open", dirname(path), async () => watchFile(path, await opening(), watch));
  return {
    makeDirectory: (path) => watch("make", dirname(path), () => files.makeDirectory(path)),
    list: (path) => watch("list", path, () => files.list(path)),
    read: (path) => watch("read", dirname(path), () => files.read(path)),
    readPart: (path, start, length) =>
      watch("read", dirname(path), () => files.readPart(path, start, length)),
    stat: (path) => watch("look at", dirname(path), () => files.stat(path)),
    identity: (path) => watch("look at", dirname(path), () => files.identity(path)),
    create: (path) => open(path, () => files.create(path)),
    openAppend: (path) => open(path, () => files.openAppend(path)),
    rename: (from, to) => watch("rename", dirname(to), () => files.rename(from, to)),
    remove: (path) => watch("remove", dirname(path), () => files.remove(path)),
    syncDirectory: (path) => watch("sync", path, () => files.syncDirectory(path)),
    replace: (path, data, options) =>
      watch("replace", dirname(path), () => files.replace(path, data, options)),
  };
}

function watchFile(path: string, file: OpenFile, watch: Watch): OpenFile {
  const folder = dirname(path);
  return {
    write: (bytes) => watch("write", folder, () => file.write(bytes)),
    size: () => watch("look at", folder, () => file.size()),
    truncate: (size) => watch("cut", folder, () => file.truncate(size)),
    sync: () => watch("sync", folder, () => file.sync()),
    syncData: () => watch("sync", folder, () => file.syncData()),
    close: () => watch("close", folder, () => file.close()),
  };
}
