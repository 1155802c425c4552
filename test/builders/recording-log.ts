import type { Log } from "../../src/runtime/log.ts";

export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A log that keeps what was written: the fields, and the text as `message`. */
export function createRecordingLog(): { readonly log: Log; readonly entries: readonly LogEntry[] } {
  const entries: LogEntry[] = [];
  const at =
    (level: LogEntry["level"]) =>
    (fields: unknown, message?: string): void => {
      const own = typeof fields === "object" && fields !== null ? fields : {};
      entries.push({ ...own, level, message: message ?? String(fields) });
    };
  const log: Log = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => log,
  };
  return { log, entries };
}
