import { join } from "node:path";
import { errorMessage } from "../../runtime/errors.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import type { Log } from "../../runtime/log.ts";
import type { DurableWriter } from "./durable-writer.ts";
import { TMP_PREFIX } from "./layout.ts";

/** Files that could not be read are kept whole, each with `NAME.reason`, and the rest goes on. */
export interface Quarantine {
  /** Moves a file there. Rejects if even that fails: the file then stays where it is. */
  move(path: string, name: string, reason: string): Promise<void>;
  /** Writes contents there, durably. Contents that are there already change nothing. */
  write(name: string, contents: string, reason: string): Promise<void>;
  count(): number;
  /** Counts what earlier processes left. */
  load(): Promise<void>;
}

interface QuarantineDeps {
  readonly folder: string;
  readonly files: FileOps;
  readonly writer: DurableWriter;
  readonly log: Log;
}

/** Also in the name of a reason that was cut off while it was written. */
const REASON = ".reason";

export function createQuarantine({ folder, files, writer, log }: QuarantineDeps): Quarantine {
  const names = new Set<string>();

  /** Nothing in quarantine is ever overwritten. */
  function freeName(name: string): string {
    let free = name;
    for (let count = 2; names.has(free); count += 1) free = `${name}.${count}`;
    return free;
  }

  async function writeReason(name: string, reason: string) {
    try {
      await files.replace(join(folder, name + REASON), `${reason}\n`, { sync: false });
    } catch (error) {
      // The log has the reason; what counts is that the file itself is safe.
      log.error({ file: name, err: error }, "cannot write why a file was set aside");
    }
  }

  return {
    async move(path, name, reason) {
      log.error({ file: path, reason }, "file set aside in quarantine");
      const free = freeName(name);
      await writeReason(free, reason);
      await files.rename(path, join(folder, free));
      names.add(free);
    },

    async write(name, contents, reason) {
      if (names.has(name)) return;
      log.error({ file: name, reason }, "update set aside in quarantine");
      const { error } = await writer.write([{ folder, name, contents }]);
      if (error)
        throw new Error(`Cannot set aside ${name}: ${errorMessage(error)}`, { cause: error });
      names.add(name);
      await writeReason(name, reason);
    },

    count: () => names.size,

    async load() {
      for (const name of await files.list(folder)) {
        if (name.startsWith(TMP_PREFIX)) await files.remove(join(folder, name));
        else if (!name.includes(REASON)) names.add(name);
      }
    },
  };
}
