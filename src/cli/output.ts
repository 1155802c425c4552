import { errorCode } from "../runtime/errors.ts";

/** One line on standard output. */
export const print = (line: string) => void process.stdout.write(`${line}\n`);

/** One line on standard error: for the person, never mixed with data. */
export const printError = (line: string) => void process.stderr.write(`${line}\n`);

export const printJson = (value: unknown) => print(JSON.stringify(value, undefined, 2));

/** Resolves when all that was written before has left the process. */
export const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });

/** Whoever reads our output may stop reading (`my-bot outbox list | head`): that is no error of ours. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (errorCode(error) !== "EPIPE") throw error;
    });
  }
}

export function isColourful(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR } = process.env;
  return stream.isTTY === true && !NO_COLOR;
}
