import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { nodeFileOps } from "../runtime/file-ops.ts";
import { type WorkspacePaths, workspacePaths } from "../workspace/paths.ts";

/** What every command gets. */
export interface CommandContext {
  readonly paths: WorkspacePaths;
  /** Print data for programs. */
  readonly json: boolean;
  readonly files: typeof nodeFileOps;
}

export interface GlobalOptions {
  readonly workspace?: string;
  readonly json?: boolean;
}

/** Exit codes; `--help` explains them. */
export const EXIT = { ok: 0, problem: 1, usage: 2, notRunning: 3 } as const;

export function createContext({ workspace, json = false }: GlobalOptions): CommandContext {
  return { paths: workspacePaths(resolve(workspace ?? defaultRoot())), json, files: nodeFileOps };
}

/** The current folder if it is a workspace, else the one in the home folder. */
function defaultRoot(): string {
  const here = process.cwd();
  return existsSync(workspacePaths(here).userConfig) ? here : join(homedir(), ".my-bot");
}

export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const found: unknown = JSON.parse(text);
  const hasVersion = typeof found === "object" && found !== null && "version" in found;
  return hasVersion ? String(found.version) : "unknown";
}
