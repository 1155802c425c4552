import { errorMessage } from "../runtime/errors.ts";
import type { FileOps, OpenFile } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";

/** Files that are open for appending: at most `max`, the ones used last. Each path is used by one task at a time. */
export interface OpenFiles {
  use<T>(path: string, task: (file: OpenFile) => Promise<T>): Promise<T>;
  /** Closes a file that is not in use, if it is open: after it was replaced, or when it must not be trusted. */
  forget(path: string): Promise<void>;
  /** Closes all, waiting for those in use. Later uses reject. */
  close(): Promise<void>;
}

export interface OpenFilesDeps {
  readonly files: Pick<FileOps, "openAppend">;
  readonly log: Log;
  readonly max: number;
}

export function createOpenFiles({ files, log, max }: OpenFilesDeps): OpenFiles {
  /** Open but not in use; used longest ago first. */
  const idle = new Map<string, OpenFile>();
  const waiting: (() => void)[] = [];
  let open = 0;
  let closed = false;

  const freed = () => waiting.shift()?.();
  const someFreed = () => new Promise<void>((resolve) => waiting.push(resolve));

  async function closeIdle(path: string, file: OpenFile): Promise<void> {
    idle.delete(path);
    try {
      await file.close();
    } catch (error) {
      // Whoever waits for this place has no part in it; what had to be durable was synced before.
      log.warn({ file: path, error: errorMessage(error) }, "cannot close a session file");
    } finally {
      open -= 1;
      freed();
    }
  }

  async function openNew(path: string): Promise<OpenFile> {
    open += 1;
    try {
      return await files.openAppend(path);
    } catch (error) {
      open -= 1;
      freed();
      throw error;
    }
  }

  async function makeRoom(): Promise<void> {
    const [oldest] = idle;
    await (oldest ? closeIdle(...oldest) : someFreed());
  }

  async function take(path: string): Promise<OpenFile> {
    while (!closed) {
      const file = idle.get(path);
      if (file) {
        idle.delete(path);
        return file;
      }
      if (open < max) return openNew(path);
      await makeRoom();
    }
    // Passes the wake-up on: `close` may be waiting behind.
    freed();
    throw new Error(`Cannot open ${path}: the store is closed`);
  }

  return {
    async use(path, task) {
      const file = await take(path);
      try {
        return await task(file);
      } finally {
        idle.set(path, file);
        freed();
      }
    },
    async forget(path) {
      const file = idle.get(path);
      if (file) await closeIdle(path, file);
    },
    async close() {
      closed = true;
      while (open > 0) await makeRoom();
    },
  };
}
