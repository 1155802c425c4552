import { connect, type Socket } from "node:net";
import { asError, errorCode, UserError } from "../../runtime/errors.ts";
import { readFrames, writeFrame } from "./frames.ts";
import { answerSchema, type ControlRequest, MAX_ANSWER_LENGTH } from "./protocol.ts";

/** A connection to the server of a workspace, after its first answer. */
export interface ControlConnection {
  readonly socket: Socket;
  readonly result: unknown;
  /** What comes after the answer. */
  readonly frames: AsyncIterable<unknown>;
}

/** Undefined if no server is running. Rejects with a UserError that says why the server refused. */
export async function openControl(
  socketPath: string,
  request: ControlRequest,
): Promise<ControlConnection | undefined> {
  const socket = await connectTo(socketPath);
  if (!socket) return undefined;
  // Whoever reads the frames sees the error; without a listener it would end the process.
  socket.on("error", () => socket.destroy());
  writeFrame(socket, request);
  const frames = readFrames(socket, MAX_ANSWER_LENGTH);
  const first = await nextFrame(frames);
  if (first === undefined) {
    throw new UserError("Cannot reach the server: it has ended the connection; is it stopping?");
  }
  const answer = answerSchema.parse(first);
  if (answer.ok) return { socket, result: answer.result, frames };
  socket.destroy();
  throw new UserError(answer.error);
}

/** One request, one answer. Undefined if no server is running. */
export async function callControl(
  socketPath: string,
  request: ControlRequest,
): Promise<{ readonly result: unknown } | undefined> {
  const connection = await openControl(socketPath, request);
  connection?.socket.destroy();
  return connection;
}

async function nextFrame(frames: AsyncIterator<unknown>): Promise<unknown> {
  try {
    const { value } = await frames.next();
    return value;
  } catch {
    // The connection broke, which the caller reports like one that was ended.
    return undefined;
  }
}

/** Undefined if nobody listens there: no such file, or one that a killed server left. */
async function connectTo(path: string): Promise<Socket | undefined> {
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.removeListener("error", reject);
        resolve(socket);
      });
    });
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ECONNREFUSED") return undefined;
    throw new UserError(`Cannot reach the server: ${asError(error).message}`, { cause: error });
  }
}
