import { createHash } from "node:crypto";
import { posix } from "node:path";
import { UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";

/** What of the surroundings decides where sockets are put. */
export interface SocketHost {
  readonly platform: NodeJS.Platform;
  /** Undefined on Windows. */
  readonly uid?: number | undefined;
  /** `XDG_RUNTIME_DIR`, if it is set. */
  readonly runtimeFolder?: string | undefined;
  /** The system's folder for temporary files. */
  readonly temporaryFolder: string;
}

/** macOS takes 103 bytes, Linux 107. */
const LONGEST_BYTES = 100;

/**
 * Where the control socket of a workspace is, under a short name that comes from the folder itself: a workspace's own
 * path can be too long for a socket, and some mounts cannot hold one. The folder is there when it resolves, and is
 * nobody else's. Rejects with a UserError if it is.
 */
export async function controlPath(
  root: string,
  deps: { files: Pick<FileOps, "identity" | "makeDirectory">; host: SocketHost },
): Promise<string> {
  const { files, host } = deps;
  const { id } = await files.identity(root);
  const name = createHash("sha256").update(id).digest("hex").slice(0, 16);
  if (host.platform === "win32") return `\\\\.\\pipe\\my-bot-${name}`;
  const own = `my-bot-${host.uid ?? 0}`;
  const candidates = [
    ...(host.runtimeFolder ? [posix.join(host.runtimeFolder, "my-bot")] : []),
    posix.join(host.temporaryFolder, own),
    posix.join("/tmp", own),
  ].filter((folder) => Buffer.byteLength(posix.join(folder, `${name}.sock`)) <= LONGEST_BYTES);
  const folder = await firstUsable(candidates, deps);
  return posix.join(folder, `${name}.sock`);
}

async function firstUsable(
  folders: readonly string[],
  { files, host }: Parameters<typeof controlPath>[1],
): Promise<string> {
  const reasons: string[] = [];
  for (const folder of folders) {
    try {
      await files.makeDirectory(folder);
      const { owner, mode } = await files.identity(folder);
      // Somebody else could put a socket of their own there and be taken for the server.
      const isOurs = owner === (host.uid ?? 0) && (mode & 0o022) === 0;
      if (isOurs) return folder;
      reasons.push(`${folder} is open to other users`);
    } catch (error) {
      reasons.push(String(error));
    }
  }
  throw new UserError(
    `Cannot find a folder for the control socket (${reasons.join("; ")}): set XDG_RUNTIME_DIR to one of your own`,
  );
}
