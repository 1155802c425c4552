import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import type { CommandContext } from "./context.ts";

/** Reads the configuration as the server would. Rejects with a UserError (exit code 78) if it has mistakes. */
export function load({ paths, files }: CommandContext): Promise<LoadedConfig> {
  return loadConfig({ paths, files, env: process.env, cwdEnvFile: join(process.cwd(), ".env") });
}
