import { once } from "node:events";
import { type DestinationStream, destination, pino, stdSerializers, stdTimeFunctions } from "pino";
import { asError, errorCode, errorMessage, UserError } from "./errors.ts";
import type { FileOps } from "./file-ops.ts";
import type { Log } from "./log.ts";
import { plainText } from "./plain-text.ts";
import type { Redactor } from "./redact.ts";
import { openRotatingFile, type RotatingFile } from "./rotating-file.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  /** JSON lines on standard output, lines for a person there, or JSON lines at the end of a file (mode 0600). */
  readonly destination:
    | { readonly kind: "json" }
    | { readonly kind: "pretty"; readonly color: boolean }
    | { readonly kind: "file"; readonly path: string };
  /** Sees every line last, so that no secret gets past it, whatever logged it. */
  readonly redactor: Redactor;
  readonly files: Pick<FileOps, "makeDirectory" | "rename" | "stat">;
  /** What a log file may hold before a new one begins. */
  readonly maxFileBytes?: number;
  /** Told of each failed write and of dropped lines; must not log. The server goes on without the lines. */
  onFailure(error: Error): void;
}

export interface CreatedLog {
  readonly log: Log;
  setLevel(level: LogLevel): void;
  /** Why lines are not written now. */
  problems(): readonly string[];
  /** Resolves when what was logged so far is written. Nothing may be logged after it. */
  close(): Promise<void>;
}

/** What waits for a reader that has stopped reading; beyond it lines are dropped, so that a stuck pipe stops nobody. */
const MAX_WAITING_BYTES = 4_000_000;
/** One file's; the one before it is kept beside it. */
const MAX_FILE_BYTES = 10_000_000;
const STDOUT = 1;

interface Stream {
  readonly destination: DestinationStream;
  problems(): readonly string[];
  close(): Promise<void>;
}

/** Rejects with a UserError if the file cannot be opened. */
export async function createLog(options: LogOptions): Promise<CreatedLog> {
  const { level, redactor } = options;
  const show = await presentation(options.destination);
  const stream = await openStream(options);
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        error: (value) => (value instanceof Error ? stdSerializers.err(value) : value),
      },
      hooks: { streamWrite: (line) => show(redactor.redact(line)) },
    },
    stream.destination,
  );
  return {
    log: logger,
    setLevel(next) {
      logger.level = next;
    },
    problems: stream.problems,
    close: () => stream.close(),
  };
}

/** pino-pretty is loaded only where a person looks: it costs memory. */
async function presentation(to: LogOptions["destination"]): Promise<(line: string) => string> {
  if (to.kind !== "pretty") return (line) => line;
  const { prettyFactory } = await import("pino-pretty");
  const pretty = prettyFactory({
    colorize: to.color,
    singleLine: true,
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "pid",
  });
  // What others wrote must not steer the terminal.
  return (line) =>
    pretty(JSON.parse(line, (_, value) => (typeof value === "string" ? plainText(value) : value)));
}

async function openStream(options: LogOptions): Promise<Stream> {
  const { destination: to, onFailure } = options;
  try {
    const opened = to.kind === "file" ? await openFile(to.path, options) : await openOutput();
    const { stream } = opened;
    let problem: string | undefined;
    const failed = (error: Error) => {
      problem = `the log cannot be written: ${errorMessage(error)}`;
      onFailure(error);
    };
    stream.on("error", (error) => failed(asError(error)));
    stream.on("drop", () => failed(new Error("Cannot write the log: a line was dropped")));
    stream.on("write", () => {
      problem = undefined;
    });
    const problems = () => (problem === undefined ? [] : [problem]);
    return { destination: opened.destination, problems, close: closer(opened) };
  } catch (error) {
    const where = to.kind === "file" ? to.path : "on standard output";
    throw new UserError(`Cannot open the log ${where}: ${errorMessage(error)}`, { cause: error });
  }
}

const openFile = (path: string, { files, onFailure, maxFileBytes }: LogOptions) =>
  openRotatingFile({
    ...{ path, files, onFailure },
    maxBytes: maxFileBytes ?? MAX_FILE_BYTES,
    maxWaitingBytes: MAX_WAITING_BYTES,
  });

/** Written by the thread pool: a terminal or a pipe that does not take more holds up nothing but the log. */
async function openOutput() {
  const stream = destination({ dest: STDOUT, sync: false, maxLength: MAX_WAITING_BYTES });
  await once(stream, "ready");
  return { stream, destination: stream, settled: () => Promise.resolve() };
}

function closer({
  stream,
  settled,
}: Pick<RotatingFile, "stream" | "settled">): () => Promise<void> {
  let isEnding = false;
  const over = new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.on("error", (error) => {
      // pino stops for good when nobody reads any more, and such a stream never says that it is closed. On a full disk
      // what is left cannot be written, and must not hold up the end.
      const isGone = errorCode(error) === "EPIPE";
      if (isEnding && !isGone) stream.destroy();
      if (isEnding || isGone) resolve();
    });
  });
  return async () => {
    await settled();
    isEnding = true;
    stream.end();
    return over;
  };
}
