import fs from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { type LoadDeps, type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import { UserError } from "../../src/runtime/errors.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { workspacePaths } from "../../src/workspace/paths.ts";
import { tempFolder } from "../builders/temp-folder.ts";

/** A workspace with these files; `user` is short for config.user.yaml. */
export async function configFolder(given: { user?: string; [file: string]: string | undefined }) {
  const root = await tempFolder();
  const paths = workspacePaths(root);
  const { user, ...files } = given;
  if (user !== undefined) await fs.writeFile(paths.userConfig, user);
  for (const [name, text] of Object.entries(files)) {
    await fs.mkdir(dirname(join(root, name)), { recursive: true });
    await fs.writeFile(join(root, name), text ?? "");
  }
  const load = (deps: Partial<LoadDeps> = {}) =>
    loadConfig({ paths, env: {}, files: nodeFileOps, ...deps });
  return { root, paths, load };
}

/** Loads a configuration that consists of this text. */
export async function loadText(
  user: string,
  env: Record<string, string> = {},
): Promise<LoadedConfig> {
  return (await configFolder({ user })).load({ env });
}

/** The mistakes in a text, one a line, without the path before the line number. */
export async function mistakesIn(
  user: string,
  env: Record<string, string> = {},
): Promise<string[]> {
  const { load, paths } = await configFolder({ user });
  const error = await load({ env }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`No mistake was found, but ${String(error)}`);
  if (error.exitCode !== 78) throw new Error(`Exit code ${error.exitCode}`);
  return error.message.split("\n").map((line) => {
    if (!line.startsWith(`${paths.userConfig}:`)) throw new Error(`No file in: ${line}`);
    return line.slice(paths.userConfig.length + 1).replaceAll(`${paths.root}/`, "");
  });
}

export const channelOf = ({ channels }: Config, name: string) => channels[name];
