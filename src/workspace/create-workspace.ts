import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";

/** The workspace that ships with the package; two folders up both from `src/` and from `dist/`. */
export const shippedWorkspace = fileURLToPath(new URL("../../default_workspace", import.meta.url));

/** Its presence says that a workspace is complete, so it is written last. */
const LAST = "config.user.yaml";

export interface CreatedWorkspace {
  /** Paths of the new files, relative to the workspace. */
  readonly created: readonly string[];
  /** Files that were there already, and stayed as they were. */
  readonly kept: readonly string[];
}

/** Makes a workspace of copies of the shipped files (mode 0600, folders 0700). A file that is there is never touched. */
export async function createWorkspace(
  root: string,
  { files, from = shippedWorkspace }: { files: FileOps; from?: string },
): Promise<CreatedWorkspace> {
  const paths = await filesUnder(from, files);
  if (paths.length === 0) throw new UserError(`Cannot make a workspace: ${from} is empty`);
  const inOrder = [...paths.filter((path) => path !== LAST).sort(), LAST];
  const created: string[] = [];
  const kept: string[] = [];
  await files.makeDirectory(root);
  for (const path of inOrder) {
    const target = join(root, path);
    if (await files.stat(target)) {
      kept.push(path);
      continue;
    }
    await files.makeDirectory(join(target, ".."));
    await files.replace(target, await files.read(join(from, path)), { sync: true });
    created.push(path);
  }
  return { created, kept };
}

async function filesUnder(folder: string, files: FileOps, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for (const name of await files.list(join(folder, prefix))) {
    const path = join(prefix, name);
    const isFile = (await files.stat(join(folder, path)))?.isFile;
    found.push(...(isFile ? [path] : await filesUnder(folder, files, path)));
  }
  return found;
}
