import { basename, dirname, join, relative } from "node:path";
import type { FileOps } from "../runtime/file-ops.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";

/**
 * Files that were damaged, or too large, and set aside whole (events have a quarantine of their own), relative to the workspace: they
 * stay until a person has looked at them and takes them away. One listing each of three small folders.
 */
export async function findSetAside(
  { root, history, events, runtimeConfig }: WorkspacePaths,
  files: Pick<FileOps, "list">,
): Promise<readonly string[]> {
  const places = [
    { folder: join(history, "broken"), start: "" },
    { folder: join(events, "marks"), start: "" },
    { folder: dirname(runtimeConfig), start: basename(runtimeConfig) },
  ];
  const found = places.map(async ({ folder, start }) =>
    (await files.list(folder))
      .filter((name) => name.startsWith(start) && name.includes(".broken-"))
      .map((name) => relative(root, join(folder, name))),
  );
  return (await Promise.all(found)).flat();
}

/** One line for all of them; nothing if there are none. */
export function describeSetAside(found: readonly string[]): readonly string[] {
  const [first] = found;
  if (first === undefined) return [];
  const others = found.length > 1 ? ` and ${found.length - 1} more` : "";
  return [`damaged or too large, and set aside: ${first}${others}; look at it, then take it away`];
}
