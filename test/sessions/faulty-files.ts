import { type FileOps, nodeFileOps, type OpenFile } from "../../src/runtime/file-ops.ts";

/** The real files, with faults ordered by a test: each is asked before its call, and may throw or change it. */
export interface Faults {
  /** How many of these bytes are written; throws to fail afterwards. */
  write?: ((path: string, bytes: Uint8Array) => number) | undefined;
  sync?: ((path: string) => void) | undefined;
  replace?: ((path: string) => void) | undefined;
}

export interface FaultyFiles {
  readonly files: FileOps;
  readonly faults: Faults;
  /** Files open for appending now, and the most there ever were. */
  open(): number;
  mostOpen(): number;
  /** Calls in order, as "syncData index.jsonl". */
  readonly calls: string[];
}

export function createFaultyFiles(): FaultyFiles {
  const faults: Faults = {};
  const calls: string[] = [];
  let open = 0;
  let mostOpen = 0;
  const note = (call: string, path: string) => void calls.push(`${call} ${path.split("/").at(-1)}`);

  function wrap(path: string, file: OpenFile): OpenFile {
    return {
      ...file,
      async write(bytes) {
        note("write", path);
        const length = faults.write?.(path, bytes) ?? bytes.length;
        return file.write(bytes.subarray(0, length));
      },
      async syncData() {
        note("syncData", path);
        faults.sync?.(path);
        await file.syncData();
      },
      async close() {
        open -= 1;
        await file.close();
      },
    };
  }

  const files: FileOps = {
    ...nodeFileOps,
    async read(path) {
      note("read", path);
      return nodeFileOps.read(path);
    },
    async readPart(path, start, length) {
      note("readPart", path);
      return nodeFileOps.readPart(path, start, length);
    },
    async openAppend(path) {
      const file = await nodeFileOps.openAppend(path);
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      return wrap(path, file);
    },
    async replace(path, data, options) {
      note("replace", path);
      faults.replace?.(path);
      await nodeFileOps.replace(path, data, options);
    },
  };
  return { files, faults, calls, open: () => open, mostOpen: () => mostOpen };
}

/** A full disk. */
export const enospc = () => Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
