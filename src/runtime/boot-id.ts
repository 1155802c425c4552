import { execFile } from "node:child_process";
import { uptime } from "node:os";
import { promisify } from "node:util";
import type { FileOps } from "./file-ops.ts";

const GRID_S = 10;

/**
 * Names the time since the machine was switched on: what was written but not synced is still there iff this is the
 * same. Linux and macOS say it themselves. Elsewhere it is the time of the boot to 10 s: it may change without a boot
 * when the clock is corrected (then a part counts as ambiguous that is not), but does not stay the same over one.
 */
export async function readBootId(files: Pick<FileOps, "read">, now: () => number): Promise<string> {
  return (await kernelBootId(files)) ?? `up-${Math.round((now() / 1000 - uptime()) / GRID_S)}`;
}

async function kernelBootId(files: Pick<FileOps, "read">): Promise<string | undefined> {
  try {
    const text =
      process.platform === "darwin"
        ? (await promisify(execFile)("sysctl", ["-n", "kern.bootsessionuuid"])).stdout
        : await files.read("/proc/sys/kernel/random/boot_id");
    return text.trim() || undefined;
  } catch {
    // Nothing to report: this system does not have it, and the time of the boot serves.
    return undefined;
  }
}
