import { spawnSync } from "node:child_process";
import { closeSync, cpSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder on a file system of its own, which can be full and read-only. */
export interface SmallDisk {
  fill(): void;
  free(): void;
  setReadOnly(on: boolean): void;
  unmount(): void;
}

const SIZE = "6m";
const CHUNK = Buffer.alloc(64 * 1024, "x");

/** Puts a folder, with what is in it, on a small disk. Throws with the system's reason if that is not allowed. */
export function mountSmallDisk(folder: string): SmallDisk {
  const kept = mkdtempSync(join(tmpdir(), "my-bot-disk-"));
  try {
    cpSync(folder, kept, { recursive: true, preserveTimestamps: true });
    run("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=0700`, "my-bot-torture", folder]);
    cpSync(kept, folder, { recursive: true, preserveTimestamps: true });
  } finally {
    rmSync(kept, { recursive: true, force: true });
  }
  let mounts = 1;
  const filler = join(folder, ".filler");
  const unmount = () => {
    for (; mounts > 0; mounts -= 1) run("umount", ["-l", folder]);
    process.removeListener("exit", unmount);
  };
  // Should this process end first, no mount may stay.
  process.once("exit", unmount);
  return {
    fill: () => fillUp(filler),
    free: () => rmSync(filler, { force: true }),
    setReadOnly(on) {
      // A second view of the same folder on top: files that are open for writing would forbid it in place.
      if (on) {
        run("mount", ["--bind", folder, folder]);
        mounts += 1;
        run("mount", ["-o", "remount,bind,ro", folder]);
      } else {
        run("umount", ["-l", folder]);
        mounts -= 1;
      }
    },
    unmount,
  };
}

/** Why there can be no small disk here; undefined if there can. */
export function whyNoSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "my-bot-disk-"));
  try {
    mountSmallDisk(folder).unmount();
    return undefined;
  } catch (error) {
    return `no small disk can be mounted (${error instanceof Error ? error.message : error})`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fillUp(path: string): void {
  const file = openSync(path, "a");
  try {
    for (let size = CHUNK.length; size > 0; ) size = writeSome(file, size) ? size : size >> 1;
  } finally {
    closeSync(file);
  }
}

function writeSome(file: number, size: number): boolean {
  try {
    return writeSync(file, CHUNK, 0, size) > 0;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr.trim()}`);
}
