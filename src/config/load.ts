import { join } from "node:path";
import { errorCode, errorMessage, UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";
import { EXIT_CONFIG, printProblem, problemsError } from "../workspace/settings/problem.ts";
import { readYaml } from "../workspace/settings/read-yaml.ts";
import { isSecretKey } from "../workspace/settings/secret-key.ts";
import { closedDoors, openDoors, uselessIds } from "./access-remarks.ts";
import { buildConfig } from "./build-config.ts";
import type { Config } from "./config.ts";
import { expandText } from "./expand-references.ts";
import { type EnvFile, layerEnv } from "./layer-env.ts";
import { EMPTY_RUNTIME, readRuntimeConfig } from "./runtime-config.ts";

export interface LoadDeps {
  readonly paths: WorkspacePaths;
  /** The `.env` of the current folder; the workspace's own wins over it. */
  readonly cwdEnvFile?: string | undefined;
  /** The real environment, which wins over both. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Pick<FileOps, "read">;
}

export interface LoadedConfig {
  readonly config: Config;
  /** What is probably not meant, one line each. */
  readonly warnings: readonly string[];
  /** What is good to know, one line each. */
  readonly notes: readonly string[];
  /** The values of tokens and keys, to be kept out of logs. */
  readonly secrets: readonly string[];
  /** Puts values in place of `${NAME}` in a text from another file, an agent's. Throws an Error if a name is not set. */
  expand(text: string): string;
}

/**
 * Reads and checks the whole configuration. Rejects with a UserError (exit code 78) that has one line for each mistake:
 * `<file>:<line>: <what>; <remedy>`.
 */
export async function loadConfig(deps: LoadDeps): Promise<LoadedConfig> {
  const { paths, files } = deps;
  const source = await readUserConfig(deps);
  const env = layerEnv(deps.env, await readEnvFiles(deps));
  const yaml = readYaml(source);
  if (yaml.kind === "broken") throw problemsError(paths.userConfig, yaml.problems);
  const runtime = await readRuntimeConfig(paths.runtimeConfig, files);

  const built = await buildConfig(yaml.file, {
    paths,
    files,
    env: env.values,
    runtime: runtime.kind === "ok" ? runtime.value : EMPTY_RUNTIME,
  });
  if (built.kind === "wrong") throw problemsError(paths.userConfig, built.problems);

  const { config } = built;
  const inFile = [
    ...built.warnings,
    ...openDoors(config.channels, built.lineOf),
    ...uselessIds(config, built.lineOf),
  ];
  return {
    config,
    warnings: [
      ...env.warnings,
      ...inFile.map((problem) => printProblem(paths.userConfig, problem)),
      ...(runtime.kind === "broken" ? [brokenRuntime(runtime.reason)] : []),
    ],
    notes: [...built.notes, ...closedDoors(config)],
    secrets: [...built.secrets, ...secretsOf(env.values)],
    expand: (text) => expandText(text, { env: env.values, envFile: paths.env }),
  };
}

/** Keys that only an agent's definition refers to are secrets too. */
function secretsOf(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    isSecretKey(name.toLowerCase()) && value !== "" ? [value] : [],
  );
}

const brokenRuntime = (reason: string) =>
  `${reason}; it counts as empty, and nobody is let in by it, until you correct or remove it`;

async function readUserConfig({ paths, files }: LoadDeps): Promise<string> {
  try {
    return await files.read(paths.userConfig);
  } catch (error) {
    const message =
      errorCode(error) === "ENOENT"
        ? `Cannot find ${paths.userConfig}: run \`my-bot init\` to make this workspace, or name another with --workspace`
        : `Cannot read ${paths.userConfig}: ${errorMessage(error)}`;
    throw new UserError(message, { cause: error, exitCode: EXIT_CONFIG });
  }
}

async function readEnvFiles({ paths, cwdEnvFile, files }: LoadDeps): Promise<EnvFile[]> {
  const wanted = new Set([paths.env, ...(cwdEnvFile === undefined ? [] : [join(cwdEnvFile)])]);
  const found: EnvFile[] = [];
  for (const path of wanted) {
    try {
      found.push({ path, text: await files.read(path) });
    } catch (error) {
      if (errorCode(error) === "ENOENT") continue;
      const message = `Cannot read ${path}: ${errorMessage(error)}`;
      throw new UserError(message, { cause: error, exitCode: EXIT_CONFIG });
    }
  }
  return found;
}
