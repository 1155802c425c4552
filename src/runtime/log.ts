import type { Logger } from "pino";

/** What the code below the composition root sees of the log. Fields first, then a short constant message. */
export type Log = Pick<Logger, "debug" | "info" | "warn" | "error"> & {
  child(fields: Record<string, unknown>): Log;
};
