import { join } from "node:path";
import * as z from "zod";
import { errorCode, errorMessage } from "../../runtime/errors.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import type { Log } from "../../runtime/log.ts";
import { createSerial } from "../../runtime/serial.ts";

/**
 * Which dead letters an operator has looked at: what was printed by `outbox list` or `show`. One that is tried again and
 * dies again is news. Kept in one small file, because an event's own file is never rewritten; one that is lost makes
 * known letters look new, nothing else.
 */
export interface SeenLetters {
  has(ref: string): boolean;
  /** Resolves when it is on disk; not synced. `dead`: all that are dead now, the others are forgotten. */
  mark(refs: readonly string[], dead: readonly string[]): Promise<void>;
  /** Rejects if the file cannot be written; in this process it is forgotten all the same. */
  forget(ref: string): Promise<void>;
}

const fileSchema = z.object({ v: z.literal(1), refs: z.array(z.string()) });

/** `directory`: the folder `.event/`. Rejects only if there is a file that cannot be read now. */
export async function openSeenLetters(
  directory: string,
  { files, log }: { readonly files: Pick<FileOps, "read" | "replace">; readonly log: Log },
): Promise<SeenLetters> {
  const path = join(directory, "seen.json");
  let seen = new Set(await readRefs(path, { files, log }));
  const serial = createSerial();

  /** One after another, so that an older state never replaces a newer one. */
  const write = (): Promise<void> =>
    serial(() => {
      const text = `${JSON.stringify({ v: 1, refs: [...seen] }, undefined, 2)}\n`;
      return files.replace(path, text, { sync: false });
    });

  return {
    has: (ref) => seen.has(ref),
    async mark(refs, dead) {
      const isDead = new Set(dead);
      const fresh = refs.filter((ref) => isDead.has(ref) && !seen.has(ref));
      if (fresh.length === 0) return;
      seen = new Set([...seen, ...fresh].filter((ref) => isDead.has(ref)));
      await write();
    },
    async forget(ref) {
      if (seen.delete(ref)) await write();
    },
  };
}

async function readRefs(
  path: string,
  { files, log }: { readonly files: Pick<FileOps, "read">; readonly log: Log },
): Promise<readonly string[]> {
  let text: string;
  try {
    text = await files.read(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  try {
    return fileSchema.parse(JSON.parse(text)).refs;
  } catch (error) {
    log.warn({ path, reason: errorMessage(error) }, "cannot read which dead letters were seen");
    return [];
  }
}
