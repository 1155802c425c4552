import { createServer, type Server as NetServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { pause } from "../../runtime/clock.ts";
import { errorMessage } from "../../runtime/errors.ts";
import type { Worker } from "../worker.ts";
import type { ControlDeps, ControlledServer } from "./controlled-server.ts";
import { serveConnection } from "./serve-connection.ts";

/** How often to look whether the socket's file is still there: runtime folders are swept on some systems. */
const LOOK_EVERY_MS = 30_000;
const LISTEN_AGAIN_MS = 5_000;

/** Lets `my-bot status`, `outbox`, `pair` and `chat` reach this server. Not being able to must not stop the server. */
export function createControlWorker(server: ControlledServer, deps: ControlDeps): Worker {
  return {
    name: "ControlWorker",
    async run(signal) {
      const connections = new Map<Socket, Promise<void>>();
      const onConnection = (socket: Socket) => {
        const served = serveConnection(server, deps, socket);
        connections.set(socket, served);
        void served.finally(() => connections.delete(socket));
      };
      while (!signal.aborted) await listenOnce(deps, onConnection, signal);
      for (const socket of connections.keys()) socket.destroy();
      await Promise.all(connections.values());
    },
  };
}

/** Listens until the signal aborts or the socket's file is gone. Never rejects. */
async function listenOnce(
  deps: ControlDeps,
  onConnection: (socket: Socket) => void,
  signal: AbortSignal,
): Promise<void> {
  const listener = createServer({ allowHalfOpen: false }, onConnection);
  try {
    await listen(listener, deps);
    deps.log.debug({ path: deps.socketPath }, "control socket is open");
    do await pause(deps.clock, LOOK_EVERY_MS, signal);
    while (!signal.aborted && (await isThere(deps)));
  } catch (error) {
    deps.log.error(
      { path: deps.socketPath, reason: errorMessage(error) },
      "cannot open the control socket: `my-bot status`, `outbox` and `chat` cannot reach this server",
    );
    await pause(deps.clock, LISTEN_AGAIN_MS, signal);
  } finally {
    // Its connections go on; they are ended by whoever accepted them.
    listener.close();
  }
}

const isPipe = (path: string) => path.startsWith("\\\\.\\pipe\\");

async function listen(listener: NetServer, { socketPath, files }: ControlDeps) {
  if (!isPipe(socketPath)) {
    await files.makeDirectory(dirname(socketPath));
    // What a killed server left: the workspace's lock says that none is running.
    await files.remove(socketPath);
  }
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listenPrivately(listener, socketPath);
    listener.once("listening", resolve);
  });
  listener.removeAllListeners("error");
  listener.on("error", () => listener.close());
}

/** The socket is made within this call, and from its first moment nobody else may connect. */
function listenPrivately(listener: NetServer, socketPath: string): void {
  const before = process.umask(0o177);
  try {
    listener.listen(socketPath);
  } finally {
    process.umask(before);
  }
}

const isThere = async ({ files, socketPath }: ControlDeps) =>
  isPipe(socketPath) || (await files.stat(socketPath)) !== undefined;
