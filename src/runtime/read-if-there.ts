import { errorCode } from "./errors.ts";
import type { FileOps } from "./file-ops.ts";

/** The text of a file; undefined if there is none. */
export async function readIfThere(
  files: Pick<FileOps, "read">,
  path: string,
): Promise<string | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
