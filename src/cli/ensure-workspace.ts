import { createWorkspace } from "../workspace/create-workspace.ts";
import type { CommandContext } from "./context.ts";
import { printError } from "./output.ts";

/** Makes the workspace if there is none, and says so on standard error. */
export async function ensureWorkspace({ paths, files }: CommandContext): Promise<void> {
  if (await files.stat(paths.userConfig)) return;
  await createWorkspace(paths.root, { files });
  printError(`Made a workspace in ${paths.root}; its settings are in ${paths.userConfig}`);
}
