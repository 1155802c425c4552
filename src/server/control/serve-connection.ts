import { once } from "node:events";
import type { Socket } from "node:net";
import { errorMessage, UserError } from "../../runtime/errors.ts";
import type { ControlDeps, ControlledServer } from "./controlled-server.ts";
import { readFrames, writeFrame } from "./frames.ts";
import { operate } from "./operations.ts";
import { readOutboxFiles } from "./outbox-files.ts";
import {
  type ControlAnswer,
  type ControlRequest,
  MAX_REQUEST_LENGTH,
  requestSchema,
} from "./protocol.ts";
import { type Peer, serveChat } from "./serve-chat.ts";

/** A client that says nothing, or does not read its answer, is let go. */
const PATIENCE_MS = 10_000;

/** Serves one request; a `chat` lasts until the client leaves. Never rejects. */
export async function serveConnection(
  server: ControlledServer,
  deps: ControlDeps,
  socket: Socket,
): Promise<void> {
  // Whoever reads the frames sees the error; without a listener it would end the process.
  socket.on("error", () => socket.destroy());
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  const frames = readFrames(socket, MAX_REQUEST_LENGTH);
  try {
    const first = await frames.next();
    if (first.done) return;
    const request = requestSchema.safeParse(first.value);
    if (!request.success) return await answer(socket, UNKNOWN_REQUEST);
    if (request.data.method !== "chat") {
      return await answer(socket, await answerTo(server, deps, request.data));
    }
    const { channels } = await server.status();
    if (!channels.some(({ name }) => name === server.terminal.name)) {
      return await answer(socket, TERMINAL_IS_OFF);
    }
    socket.setTimeout(0);
    const result = { agent: deps.agent() };
    writeFrame(socket, { ok: true, result } satisfies ControlAnswer);
    await serveChat(server, request.data.kind, peerOf(socket, frames));
  } catch (error) {
    deps.log.debug({ reason: errorMessage(error) }, "control connection ended");
  } finally {
    socket.destroy();
  }
}

const UNKNOWN_REQUEST: ControlAnswer = {
  ok: false,
  error: "The server does not know this request: it runs another version of my-bot; restart it",
};

const TERMINAL_IS_OFF: ControlAnswer = {
  ok: false,
  error: "The server does not chat: channels.terminal.enabled is false in its configuration",
};

const peerOf = (socket: Socket, frames: Peer["frames"]): Peer => ({
  frames,
  write: (frame) => writeFrame(socket, frame),
  isBehind: () => socket.writableNeedDrain,
});

async function answerTo(
  server: ControlledServer,
  deps: ControlDeps,
  request: Exclude<ControlRequest, { method: "chat" }>,
): Promise<ControlAnswer> {
  try {
    const outbox = readOutboxFiles(deps.events, deps.files);
    return { ok: true, result: await operate({ ...server, outbox }, request) };
  } catch (error) {
    if (!(error instanceof UserError)) {
      deps.log.warn({ method: request.method, err: error }, "control request failed");
    }
    return { ok: false, error: errorMessage(error) };
  }
}

async function answer(socket: Socket, frame: ControlAnswer): Promise<void> {
  socket.end(`${JSON.stringify(frame)}\n`);
  if (!socket.closed) await once(socket, "close");
}
