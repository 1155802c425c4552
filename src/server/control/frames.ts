import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** One JSON value a line. */
export function writeFrame(socket: Socket, frame: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(frame)}\n`);
}

/**
 * The values that come in, until the other side ends. Throws on a line that is longer than `maxLength` (UTF-16 units),
 * on one that is no JSON, and when the connection breaks. The last line counts only with its line break.
 */
export async function* readFrames(socket: Socket, maxLength: number): AsyncGenerator<unknown> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of socket) {
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if ([...lines, rest].some((line) => line.length > maxLength)) {
      throw new Error(`Cannot read the frame: it is longer than ${maxLength}`);
    }
    for (const line of lines) yield JSON.parse(line);
  }
}
