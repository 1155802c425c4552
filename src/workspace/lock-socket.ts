import { once } from "node:events";
import { createConnection, createServer, type Server } from "node:net";
import { errorCode } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";

/** A name that one process of a machine can have at a time; the kernel takes it back when the process dies. */
export interface HeldSocket {
  release(): Promise<void>;
}

/**
 * Takes the name, or resolves with undefined if another process has it. An abstract Unix socket ("\0…", Linux) and a
 * named pipe (Windows) vanish with their holder. A socket file (macOS) stays behind: one that nobody answers is removed;
 * two starts that do so in the same instant are told apart by `lock.json`.
 */
export async function holdSocket(
  address: string,
  files: Pick<FileOps, "remove">,
): Promise<HeldSocket | undefined> {
  const first = await listen(address);
  if (first) return held(first);
  if (!address.startsWith("/") || (await isAnswered(address))) return undefined;
  await files.remove(address);
  const second = await listen(address);
  return second && held(second);
}

/** Where the lock of a workspace is. `id` is the folder's identity, `control` its control socket. */
export function lockAddress(platform: NodeJS.Platform, id: string, control: string): string {
  if (platform === "linux") return `\0my-bot-lock-${id}`;
  return platform === "win32" ? `${control}-lock` : control.replace(/\.sock$/, ".lock");
}

async function listen(address: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen(address);
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE") return undefined;
    throw error;
  }
}

async function isAnswered(address: string): Promise<boolean> {
  const socket = createConnection(address);
  try {
    await once(socket, "connect");
    return true;
  } catch (error) {
    if (errorCode(error) === "ECONNREFUSED" || errorCode(error) === "ENOENT") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

function held(server: Server): HeldSocket {
  // The lock alone is no reason to go on running.
  server.unref();
  return {
    async release() {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
