import { join } from "node:path";
import { asError, errorMessage } from "../../runtime/errors.ts";
import type { FileOps, OpenFile } from "../../runtime/file-ops.ts";
import { createGroupSync } from "../../runtime/group-sync.ts";
import { createLimit } from "../../runtime/limit.ts";
import { TMP_PREFIX } from "./layout.ts";

/**
 * Writes new files so that each survives a power cut: a temporary file, all its bytes, fsync, rename, fsync of the
 * folder. Files are renamed strictly in the order in which they were given, over all calls, so that after any cut the
 * files of a lane are a prefix of what was written; the folder's fsync is shared by all renames before it.
 */
export interface DurableWriter {
  /** After the first failure nothing later of the batch is renamed. */
  write(batch: readonly NewFile[]): Promise<WriteResult>;
}

export interface NewFile {
  readonly folder: string;
  readonly name: string;
  readonly contents: string;
}

export interface WriteResult {
  /** How many of the batch, from its first, are durable. */
  readonly written: number;
  readonly error?: Error | undefined;
}

/** Files open for writing at once; leaves most of the usual 1,024 descriptors to sockets. */
const MAX_OPEN_FILES = 64;

type Prepared =
  | { readonly ok: true; readonly tmp: string }
  | { readonly ok: false; readonly error: Error };

/** `onFolderFailed`: the fsync of a folder failed, so what the disk holds is not known until a probe has passed. */
export function createDurableWriter(
  files: FileOps,
  onFolderFailed: (error: Error) => void,
): DurableWriter {
  const limit = createLimit(MAX_OPEN_FILES);
  const folders = createFolderSync(files, onFolderFailed);
  let renames: Promise<unknown> = Promise.resolve();

  return {
    async write(batch) {
      const failedBefore = folders.lastFailure();
      const prepared = batch.map((file) => limit(() => prepare(files, file)));
      const inOrder = renames.then(() => renameInOrder(files, batch, prepared));
      renames = inOrder;
      const renamed = await inOrder;
      const durable = batch.slice(0, renamed.written);
      try {
        await Promise.all([...new Set(durable.map((file) => file.folder))].map(folders.sync));
        // The kernel reports a failure once: an fsync after it succeeds over names that never reached the disk.
        const failed = folders.lastFailure();
        if (failed === failedBefore) return renamed;
        throw new Error("Cannot sync the folder: an fsync failed meanwhile", { cause: failed });
      } catch (error) {
        return { written: 0, error: await takeBack(files, durable, asError(error)) };
      }
    },
  };
}

/** Shares one fsync of a folder among all who ask at about the same time, and remembers the last that failed. */
function createFolderSync(files: FileOps, onFailed: (error: Error) => void) {
  const shared = new Map<string, () => Promise<void>>();
  let lastFailure: Error | undefined;

  async function syncNow(folder: string): Promise<void> {
    try {
      await files.syncDirectory(folder);
    } catch (error) {
      lastFailure = asError(error);
      onFailed(lastFailure);
      throw error;
    }
  }

  return {
    lastFailure: () => lastFailure,
    sync(folder: string): Promise<void> {
      const sync = shared.get(folder) ?? createGroupSync(() => syncNow(folder));
      shared.set(folder, sync);
      return sync();
    },
  };
}

/** Never rejects: a failure waits for its turn in the order. */
async function prepare(files: FileOps, file: NewFile): Promise<Prepared> {
  const tmp = join(file.folder, TMP_PREFIX + file.name);
  try {
    const open = await files.create(tmp);
    try {
      await writeAll(open, Buffer.from(file.contents));
      await open.sync();
    } finally {
      await open.close();
    }
    return { ok: true, tmp };
  } catch (error) {
    await removeTmp(files, tmp);
    return { ok: false, error: asError(error) };
  }
}

/** Writes every byte; a disk that takes none of them is full. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  const before = await file.size();
  for (let rest = bytes; rest.length > 0; ) {
    const written = await file.write(rest);
    if (written === 0)
      throw Object.assign(new Error("Cannot write: no space taken"), { code: "ENOSPC" });
    rest = rest.subarray(written);
  }
  const size = await file.size();
  if (size !== before + bytes.length) {
    throw Object.assign(
      new Error(`Cannot write: ${size - before} of ${bytes.length} bytes arrived`),
      {
        code: "ENOSPC",
      },
    );
  }
}

/** Never rejects. */
async function renameInOrder(
  files: FileOps,
  batch: readonly NewFile[],
  prepared: readonly Promise<Prepared>[],
): Promise<WriteResult> {
  let written = 0;
  let error: Error | undefined;
  for (const [index, file] of batch.entries()) {
    const result = await prepared[index];
    if (!result?.ok) {
      error ??= result?.error;
      continue;
    }
    if (error) {
      await removeTmp(files, result.tmp);
      continue;
    }
    try {
      await files.rename(result.tmp, join(file.folder, file.name));
      written += 1;
    } catch (thrown) {
      error = asError(thrown);
      await removeTmp(files, result.tmp);
    }
  }
  return { written, error };
}

async function removeTmp(files: FileOps, tmp: string): Promise<void> {
  try {
    await files.remove(tmp);
  } catch {
    // The first error is the one that is reported; the next start removes what is left.
  }
}

/** Never rejects: files that cannot be removed are named in the error, and owed again at the next start. */
async function takeBack(files: FileOps, batch: readonly NewFile[], error: Error): Promise<Error> {
  const removals = batch.map((file) => files.remove(join(file.folder, file.name)));
  const failed = (await Promise.allSettled(removals)).filter(({ status }) => status === "rejected");
  if (failed.length === 0) return error;
  const left = `${failed.length} of ${batch.length} unsynced files could not be taken back`;
  return new Error(`${errorMessage(error)}; ${left}`, { cause: error });
}
