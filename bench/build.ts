import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./processes.ts";

const ENTRIES = ["outbox-process", "fakes-process", "grammy-bot"];

/** Compiles what runs as a process of its own, so that no loader of TypeScript is measured. */
export async function compileProcesses(): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(
      ENTRIES.map((name) => [name, join(ROOT, "bench", "contestants", `${name}.ts`)]),
    ),
    outdir: join(ROOT, ".cache", "bench"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    logLevel: "warning",
  });
}
