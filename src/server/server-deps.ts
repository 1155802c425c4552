import type { Tool } from "../agents/tool.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Clock } from "../runtime/clock.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";

/** What a server is made of; the command line puts it together. */
export interface ServerDeps {
  readonly paths: WorkspacePaths;
  /** The configuration to start with. */
  readonly loaded: LoadedConfig;
  /** Reads it again; rejects with a UserError if it has mistakes. */
  readonly reload: () => Promise<LoadedConfig>;
  readonly files: FileOps;
  /** File calls that fail now, and a log that cannot be written, each in one line. */
  readonly fileProblems: () => readonly string[];
  readonly clock: Clock;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly version: string;
  /** `chat`: only the terminal; what other channels are owed is left alone. */
  readonly mode: "server" | "chat";
  /** Keeps values out of the log. */
  readonly addSecrets: (secrets: readonly string[]) => void;
  /** Tools that agents can have beside those that are built in. */
  readonly tools?: readonly Tool[];
  /** One line for the person at the console. */
  readonly announce: (line: string) => void;
}
