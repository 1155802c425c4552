import type { Clock } from "../runtime/clock.ts";
import { errorCode } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";

/** A file's text. The same object as long as the text is the same, so that what was made of it can be kept with it. */
export interface TextFile {
  readonly text: string;
}

/** Files that people edit while the server runs: an edit is seen at the next read, and an unchanged file costs one stat. */
export interface TextFiles {
  /** Undefined if there is no regular file. Links are not followed. Rejects if it cannot be read. */
  read(path: string): Promise<TextFile | undefined>;
}

export interface TextFilesDeps {
  readonly files: Pick<FileOps, "read" | "stat">;
  readonly clock: Pick<Clock, "now">;
}

interface Entry {
  readonly file: TextFile;
  readonly size: number;
  readonly modifiedMs: number;
  readonly readAt: number;
}

/** An edit so soon after another can leave size and time of change as they were. */
const SETTLED_AFTER_MS = 2000;

export function createTextFiles({ files, clock }: TextFilesDeps): TextFiles {
  const entries = new Map<string, Entry>();

  async function readAnew(path: string, size: number, modifiedMs: number): Promise<TextFile> {
    const readAt = clock.now();
    const text = await files.read(path);
    const known = entries.get(path)?.file;
    const file = known?.text === text ? known : { text };
    entries.set(path, { file, size, modifiedMs, readAt });
    return file;
  }

  return {
    async read(path) {
      const found = await files.stat(path);
      if (!found?.isFile) {
        entries.delete(path);
        return undefined;
      }
      const { size, modifiedMs } = found;
      const entry = entries.get(path);
      if (entry && isFresh(entry, size, modifiedMs)) return entry.file;
      try {
        return await readAnew(path, size, modifiedMs);
      } catch (error) {
        if (errorCode(error) === "ENOENT") return undefined;
        throw error;
      }
    },
  };
}

function isFresh(entry: Entry, size: number, modifiedMs: number): boolean {
  const settled = entry.readAt - modifiedMs > SETTLED_AFTER_MS;
  return settled && entry.size === size && entry.modifiedMs === modifiedMs;
}
