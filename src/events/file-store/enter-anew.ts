import { join } from "node:path";
import { errorCode } from "../../runtime/errors.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import { AGAIN_PREFIX } from "./layout.ts";

/**
 * Changes a name and changes it back, so that the next fsync of the folder writes it for certain: after a failed one
 * the kernel may call it written that never was. May be called again after it has failed.
 */
export async function enterAnew(files: FileOps, folder: string, ref: string): Promise<void> {
  const [name, again] = [join(folder, ref), join(folder, AGAIN_PREFIX + ref)];
  await renameIfThere(files, name, again);
  await renameIfThere(files, again, name);
}

async function renameIfThere(files: FileOps, from: string, to: string): Promise<void> {
  try {
    await files.rename(from, to);
  } catch (error) {
    // Half done by an earlier call, or removed by someone else, which whoever reads it reports.
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
