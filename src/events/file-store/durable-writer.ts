import { join } from "node:path";
import { asError, errorMessage } from "../../runtime/errors.ts";
import type { FileOps, OpenFile } from "../../runtime/file-ops.ts";
import type { FolderSyncs } from "../../runtime/folder-syncs.ts";
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

export function createDurableWriter(files: FileOps, folders: FolderSyncs): DurableWriter {
  const limit = createLimit(MAX_OPEN_FILES);
  let renames: Promise<unknown> = Promise.resolve();

  return {
    async write(batch) {
      const marks = new Map(batch.map(({ folder }) => [folder, folders.mark(folder)]));
      const prepared = batch.map((file) => limit(() => prepare(files, file)));
      const inOrder = renames.then(() => renameInOrder(files, batch, prepared));
      renames = inOrder;
      const renamed = await inOrder;
      const durable = batch.slice(0, renamed.written);
      try {
        const changed = new Set(durable.map((file) => file.folder));
        await Promise.all(
          [...changed].map((folder) => folders.sync(folder, marks.get(folder) ?? 0)),
        );
        return renamed;
      } catch (error) {
        return { written: 0, error: await takeBack(files, durable, asError(error)) };
      }
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
