import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "./bench.ts";

export interface OpenedBench {
  readonly bench: Bench;
  readonly root: string;
  /** Removes every folder. */
  close(): Promise<void>;
}

const QUICK_MS = 100_000;
const FULL_MS = 13 * 60_000;

/** Folders are made under the temporary folder: `TMPDIR` chooses the disk. */
export async function openBench(options: { readonly quick: boolean }): Promise<OpenedBench> {
  const root = await mkdtemp(join(tmpdir(), "my-bot-bench-"));
  const endsAt = Date.now() + (options.quick ? QUICK_MS : FULL_MS);
  let made = 0;
  return {
    root,
    bench: {
      quick: options.quick,
      isOver: () => Date.now() > endsAt,
      note: (text) => void process.stderr.write(text),
      async folder(name) {
        made += 1;
        const path = join(root, `${made}-${name}`);
        await mkdir(path);
        return path;
      },
    },
    close: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}
