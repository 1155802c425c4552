import type { FileOps, OpenFile } from "./file-ops.ts";

/**
 * The same files without a single fsync: what is written survives the death of the process (the kernel has it), but not
 * a power cut. For those who set `events.sync: process`.
 */
export function withoutSyncs(files: FileOps): FileOps {
  const open = async (opened: Promise<OpenFile>) => withoutSync(await opened);
  return {
    ...files,
    create: (path) => open(files.create(path)),
    openAppend: (path) => open(files.openAppend(path)),
    syncDirectory: async () => {},
    replace: (path, data) => files.replace(path, data, { sync: false }),
  };
}

const withoutSync = (file: OpenFile): OpenFile => ({
  ...file,
  sync: async () => {},
  syncData: async () => {},
});
