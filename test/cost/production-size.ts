import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({ dev: z.boolean().optional(), devOptional: z.boolean().optional() }),
  ),
});

export interface ProductionSize {
  readonly packages: number;
  readonly files: number;
  /** Of the files' contents. */
  readonly bytes: number;
  /** The five largest packages. */
  readonly largest: readonly { readonly name: string; readonly bytes: number }[];
}

/** What an installation without development packages has in `node_modules`, counted in the one that is here. */
export async function productionSize(): Promise<ProductionSize> {
  const lock = lockSchema.parse(
    JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8")),
  );
  const wanted = Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && !entry.dev && !entry.devOptional)
    .map(([path]) => path);
  const found = await Promise.all(
    wanted.map(async (path) => ({
      name: path.replace(/^node_modules\//, ""),
      ...(await sizeOf(path)),
    })),
  );
  // An optional package for another platform is not installed.
  const installed = found.filter(({ files }) => files > 0);
  const sum = (key: "files" | "bytes") => installed.reduce((all, each) => all + each[key], 0);
  return {
    packages: installed.length,
    files: sum("files"),
    bytes: sum("bytes"),
    largest: installed.sort((a, b) => b.bytes - a.bytes).slice(0, 5),
  };
}

/** A package's own files; a package inside it is counted by itself. */
async function sizeOf(path: string): Promise<{ files: number; bytes: number }> {
  const names = await readdir(join(ROOT, path)).catch(() => []);
  const sizes = await Promise.all(
    names
      .filter((name) => name !== "node_modules")
      .map(async (name) => {
        const inside = join(path, name);
        const found = await lstat(join(ROOT, inside));
        return found.isDirectory() ? sizeOf(inside) : { files: 1, bytes: found.size };
      }),
  );
  return {
    files: sizes.reduce((sum, { files }) => sum + files, 0),
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
