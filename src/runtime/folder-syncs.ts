import { asError } from "./errors.ts";
import type { FileOps } from "./file-ops.ts";
import { createGroupSync } from "./group-sync.ts";

/**
 * Syncs of folders, each shared by all who ask at about the same time. The kernel reports a failure once: an fsync
 * after it succeeds over names that never reached the disk. So whoever changes names in a folder takes a mark before,
 * and hears of every failure since then, whoever met it; after one, the names have to be made anew.
 */
export interface FolderSyncs {
  /** How many syncs of the folder have failed so far. */
  mark(folder: string): number;
  /** Resolves when the folder is synced and no sync of it has failed since the mark. */
  sync(folder: string, since: number): Promise<void>;
  /** Runs a task that changes a name in the folder and syncs the folder by itself; its failure counts as one of these. */
  within<T>(folder: string, task: () => Promise<T>): Promise<T>;
}

/** `onFailed` is called before anybody else hears of it. */
export function createFolderSyncs(
  files: Pick<FileOps, "syncDirectory">,
  onFailed: (folder: string, error: Error) => void,
): FolderSyncs {
  const shared = new Map<string, () => Promise<void>>();
  const failures = new Map<string, { readonly count: number; readonly last: Error }>();
  const mark = (folder: string) => failures.get(folder)?.count ?? 0;

  async function counted<T>(folder: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      const last = asError(error);
      failures.set(folder, { count: mark(folder) + 1, last });
      onFailed(folder, last);
      throw error;
    }
  }

  function expectNone(folder: string, since: number): void {
    if (mark(folder) === since) return;
    const cause = failures.get(folder)?.last;
    throw new Error(`Cannot sync ${folder}: an fsync failed meanwhile`, { cause });
  }

  return {
    mark,
    async sync(folder, since) {
      const sync =
        shared.get(folder) ??
        createGroupSync(() => counted(folder, () => files.syncDirectory(folder)));
      shared.set(folder, sync);
      await sync();
      expectNone(folder, since);
    },
    async within(folder, task) {
      const since = mark(folder);
      const result = await counted(folder, task);
      expectNone(folder, since);
      return result;
    },
  };
}
