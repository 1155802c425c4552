import { once } from "node:events";
import { dirname } from "node:path";
import { type DestinationStream, destination } from "pino";
import { asError } from "./errors.ts";
import type { FileOps } from "./file-ops.ts";

export type FileStream = ReturnType<typeof destination>;

export interface RotatingFileDeps {
  readonly path: string;
  /** What a file may hold; then it becomes `<path>.1`, in the place of the one before, and a new one begins. */
  readonly maxBytes: number;
  /** What may wait to be written before lines are dropped. */
  readonly maxWaitingBytes: number;
  readonly files: Pick<FileOps, "makeDirectory" | "rename" | "stat">;
  onFailure(error: Error): void;
}

export interface RotatingFile {
  readonly stream: FileStream;
  readonly destination: DestinationStream;
  /** Resolves when no new file is being begun: the stream must not be ended before. Never rejects. */
  settled(): Promise<void>;
}

/** A log file (mode 0600) that never takes more than twice `maxBytes`, give or take what waits to be written. Rejects if it cannot be opened. */
export async function openRotatingFile(deps: RotatingFileDeps): Promise<RotatingFile> {
  const { path, files, maxBytes } = deps;
  await files.makeDirectory(dirname(path));
  let size = (await files.stat(path))?.size ?? 0;
  const stream = destination({
    ...{ dest: path, mode: 0o600, sync: false, maxLength: deps.maxWaitingBytes },
  });
  await once(stream, "ready");

  let isRotating = false;
  let rotation = Promise.resolve();
  async function rotate(): Promise<void> {
    isRotating = true;
    size = 0;
    try {
      await files.rename(path, `${path}.1`);
      const ready = once(stream, "ready");
      stream.reopen();
      await ready;
    } catch (error) {
      // It goes on in the old file, and the next try comes when as much has been written again.
      deps.onFailure(asError(error));
    }
    isRotating = false;
  }

  const write = (line: string) => {
    stream.write(line);
    size += Buffer.byteLength(line);
    if (size >= maxBytes && !isRotating) rotation = rotate();
  };
  return { stream, destination: { write }, settled: () => rotation };
}
