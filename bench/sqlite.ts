import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bench } from "./bench.ts";
import { ROOT } from "./processes.ts";

const FOLDER = join(ROOT, "bench");
const INSTALL_MS = 300_000;

export type Prepared = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** better-sqlite3 is no dependency of the project: a full run installs it into `bench/`, compiling it where need be. */
export async function prepareSqlite({ quick, note }: Bench): Promise<Prepared> {
  if (loads()) return { ok: true };
  if (quick) return { ok: false, reason: "not installed; a full run installs it" };
  note("  installing better-sqlite3 into bench/ (it may be compiled: a minute or two)\n");
  try {
    await promisify(execFile)("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund"], {
      cwd: FOLDER,
      timeout: INSTALL_MS,
    });
  } catch (error) {
    const [line = ""] = String(error)
      .split("\n")
      .filter((text) => /error/i.test(text))
      .slice(-1);
    return { ok: false, reason: `Cannot install it: ${line}` };
  }
  return loads() ? { ok: true } : { ok: false, reason: "it was installed and does not load" };
}

function loads(): boolean {
  try {
    const Database = createRequire(join(FOLDER, "package.json"))("better-sqlite3");
    new Database(":memory:").close();
    return true;
  } catch {
    // Told by the caller, in the table's remarks.
    return false;
  }
}
