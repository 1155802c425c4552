import { execFile } from "node:child_process";
import { mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, "dist");
const MAIN = join(DIST, "cli", "main.js");

/** Tests that start the real `my-bot` need a build of the sources as they are now. */
export async function setup(): Promise<void> {
  const newest = Math.max(
    ...(await Promise.all(["src", "package.json", "tsconfig.json", "tsconfig.build.json"].map(modified))),
  );
  if (newest < (await modified(MAIN))) return;
  await build();
}

/** When the file, or the newest one below the folder, was changed; 0 if there is none. */
async function modified(path: string): Promise<number> {
  const full = join(ROOT, path.startsWith(ROOT) ? path.slice(ROOT.length) : path);
  const found = await stat(full).catch(() => undefined);
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const names = await readdir(full);
  return Math.max(found.mtimeMs, ...(await Promise.all(names.map((name) => modified(join(full, name))))));
}

/** Made beside and moved in at once: another run may be using the old one. */
async function build(): Promise<void> {
  const startedAt = new Date();
  const made = await mkdtemp(join(ROOT, ".cache-build-"));
  try {
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const options = ["-p", "tsconfig.build.json", "--outDir", join(made, "dist")];
    await promisify(execFile)(process.execPath, [tsc, ...options], { cwd: ROOT });
    // Sources that were changed meanwhile are newer than this build.
    await utimes(join(made, "dist", "cli", "main.js"), startedAt, startedAt);
    const old = join(made, "old");
    await rename(DIST, old).catch(() => undefined);
    await rename(join(made, "dist"), DIST);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}
