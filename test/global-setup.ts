import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const SOURCES = ["src", "package.json", "scripts/build.mjs"];

/** Tests that start the real `my-bot` need a build of the sources as they are now. */
export async function setup(): Promise<void> {
  const changed = await Promise.all(SOURCES.map((name) => modified(join(ROOT, name))));
  if (Math.max(...changed) >= (await modified(join(DIST, "cli", "main.js")))) await build();
}

/** When the file, or the newest one below the folder, was changed; 0 if there is none. */
async function modified(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  const inside = (await readdir(path)).map((name) => modified(join(path, name)));
  return Math.max(found.mtimeMs, ...(await Promise.all(inside)));
}

/** Made beside, and moved in at once: another run may be using the old one. */
async function build(): Promise<void> {
  const startedAt = new Date();
  await mkdir(join(ROOT, ".cache"), { recursive: true });
  const made = await mkdtemp(join(ROOT, ".cache", "build-"));
  try {
    await compile(join(made, "dist"));
    // Sources that were changed meanwhile are newer than this build.
    await utimes(join(made, "dist", "cli", "main.js"), startedAt, startedAt);
    await rename(DIST, join(made, "old")).catch(ignore("ENOENT"));
    // Another run was faster: its build is as good.
    await rename(join(made, "dist"), DIST).catch(ignore("ENOTEMPTY"));
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

function compile(outDir: string): Promise<void> {
  const args = [join(ROOT, "scripts", "build.mjs"), outDir];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: ROOT }, (error, _stdout, stderr) =>
      error ? reject(new Error(`Cannot build:\n${stderr}`, { cause: error })) : resolve(),
    );
  });
}

const ignore = (code: string) => (error: unknown) => {
  if (error instanceof Error && "code" in error && error.code === code) return;
  throw error;
};
