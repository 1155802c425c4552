import { errorCode, errorMessage } from "../runtime/errors.ts";
import { plainJson, plainText } from "../runtime/plain-text.ts";
import { formatMark, type Level } from "./format.ts";

/** One line on standard output. What strangers wrote may be in it: it must not move the cursor. */
export const print = (line: string) => void process.stdout.write(`${plainText(line)}\n`);

/** One line on standard error: for the person, never mixed with data. */
export const printError = (line: string) => void process.stderr.write(`${plainText(line)}\n`);

export const printJson = (value: unknown) => void process.stdout.write(`${plainJson(value, 2)}\n`);

/** A line that says how something is. */
export function printMarked(level: Level, text: string): void {
  const mark = formatMark(level, isColourful(process.stdout));
  process.stdout.write(`  ${mark} ${plainText(text)}\n`);
}

/** Resolves when all that was written before has left the process. */
export const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });

/** Whoever reads our output may stop reading (`my-bot outbox list | head`): that is no error of ours. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (errorCode(error) === "EPIPE") return;
      process.exitCode = 1;
      if (stream === process.stdout) printError(`my-bot: Cannot write: ${errorMessage(error)}`);
    });
  }
}

/** A model's text as this terminal shows it. */
export async function showMarkdown(markdown: string): Promise<string> {
  // Loaded with the first text: the parser is large.
  const { terminalText } = await import("./chat/terminal-text.ts");
  const { columns } = process.stdout;
  return terminalText(markdown, { columns, colourful: isColourful(process.stdout) });
}

export function isColourful(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR } = process.env;
  return stream.isTTY === true && !NO_COLOR;
}
