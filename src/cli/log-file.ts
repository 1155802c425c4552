import { join } from "node:path";
import type { CommandContext } from "./context.ts";

/** Where the log goes while the terminal is used for something else. */
export const logFile = ({ paths }: CommandContext) => join(paths.logs, "my-bot.log");
