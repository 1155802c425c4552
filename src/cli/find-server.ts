import { tmpdir } from "node:os";
import { UserError } from "../runtime/errors.ts";
import { callControl } from "../server/control/control-client.ts";
import type { ControlRequest } from "../server/control/protocol.ts";
import { controlPath } from "../workspace/control-path.ts";
import { lockFile } from "../workspace/lock.ts";
import { readHolder } from "../workspace/lock-file.ts";
import { EXIT_CONFIG } from "../workspace/settings/problem.ts";
import { type CommandContext, EXIT } from "./context.ts";

/** Where a server that is started here listens to the other commands. */
export function controlPathHere({ paths, files }: CommandContext): Promise<string> {
  const { XDG_RUNTIME_DIR } = process.env;
  const host = {
    platform: process.platform,
    uid: process.getuid?.(),
    runtimeFolder: XDG_RUNTIME_DIR,
    temporaryFolder: tmpdir(),
  };
  return controlPath(paths.root, { files, host });
}

/** Where the server of the workspace said that it listens (its surroundings may differ from ours), then where it should. */
export async function controlPaths(context: CommandContext): Promise<readonly string[]> {
  const { paths, files } = context;
  if (!(await files.stat(paths.root))) return [];
  const holder = await readHolder(lockFile(paths), files);
  return [...new Set([...(holder ? [holder.control] : []), await controlPathHere(context)])];
}

/** Undefined if no server is running. Rejects with a UserError that says why it refused. */
export async function askServer(context: CommandContext, request: ControlRequest) {
  for (const path of await controlPaths(context)) {
    const answer = await callControl(path, request);
    if (answer) return answer;
  }
  return undefined;
}

export function noWorkspace({ paths }: CommandContext): UserError {
  return new UserError(
    `There is no workspace in ${paths.root}; name another with -w, or make one with \`my-bot init\``,
    { exitCode: EXIT_CONFIG },
  );
}

export function notRunning({ paths }: CommandContext): UserError {
  return new UserError(
    `No server is running in ${paths.root}; start one with \`my-bot server\`, or name another workspace with -w`,
    { exitCode: EXIT.notRunning },
  );
}
