// Builds dist/ from src/: few files instead of hundreds, because the time to start is mostly the loading of modules.
// Packages stay outside, so that they are loaded only when they are needed; zod alone is built in, because loading it
// whole costs as much as everything else (its translations come along).
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const BUILT_IN = new Set(["zod"]);

const keepPackagesOutside = {
  name: "keep-packages-outside",
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" || BUILT_IN.has(path) ? undefined : { path, external: true },
    );
  },
};

/** A server that runs while it is upgraded may still load files of its own build, so they stay for a week. */
function removeOld(directory) {
  const weekAgo = Date.now() - 7 * 24 * 3_600_000;
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const path = join(directory, name);
    if (statSync(path).mtimeMs < weekAgo) rmSync(path);
  }
}

const folder = process.argv[2] ?? "dist";
removeOld(join(folder, "cli"));
await build({
  entryPoints: { main: "src/cli/main.ts" },
  // Two folders below the package, like the sources: what ships beside them is found the same way.
  outdir: join(folder, "cli"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  sourcemap: true,
  legalComments: "external",
  plugins: [keepPackagesOutside],
  logLevel: "warning",
});
