import type { Log } from "../runtime/log.ts";

/** For parts that are asked once, and say in their answer what is wrong. */
export const SILENT_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT_LOG,
};
