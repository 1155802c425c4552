import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is called: `create` opens for writing, `open` for reading; `sync` is of a file, `syncfolder` of a folder. */
export type DiskCall =
  | ("open" | "create" | "write" | "read" | "rename" | "remove" | "stat")
  | ("truncate" | "close" | "list" | "mkdir" | "sync" | "syncfolder");

export interface DiskOrder {
  readonly ops: readonly DiskCall[];
  /** A regular expression over the path; of a rename, over where it goes. */
  readonly path: string;
  /** The call fails with this error. */
  readonly code?: "ENOSPC" | "EACCES" | "EMFILE" | "EROFS" | "EIO";
  /** A write takes only so many bytes, and calls that a success. */
  readonly bytes?: number;
  /** A call through the thread pool takes so much longer. */
  readonly delayMs?: number;
  /** How many calls it meets; all of them if not said. */
  readonly times?: number;
}

export interface DiskHit {
  readonly op: DiskCall;
  readonly path: string;
}

/** Faults of the disk for a real child process, switched while it runs. */
export interface DiskFaults {
  /** What the child has to have in its environment. */
  readonly env: Readonly<Record<"NODE_OPTIONS" | "DISK_FAULTS", string>>;
  /** Replaces all orders; in force when it resolves. */
  order(...orders: readonly DiskOrder[]): Promise<void>;
  /** The disk works again. */
  clear(): Promise<void>;
  /** The calls that met a fault, in order. */
  hits(): Promise<readonly DiskHit[]>;
  remove(): Promise<void>;
}

const PRELOAD = fileURLToPath(new URL("preload.mjs", import.meta.url));

export async function createDiskFaults(): Promise<DiskFaults> {
  const folder = await mkdtemp(join(tmpdir(), "my-bot-faults-"));
  await mkdir(folder, { recursive: true });
  const order = async (...orders: readonly DiskOrder[]) => {
    const next = join(folder, "next.json");
    await writeFile(next, JSON.stringify(orders));
    await rename(next, join(folder, "orders.json"));
  };
  return {
    env: { NODE_OPTIONS: `--import ${PRELOAD}`, DISK_FAULTS: folder },
    order,
    clear: () => order(),
    async hits() {
      const text = await readFile(join(folder, "hits.jsonl"), "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
