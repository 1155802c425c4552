import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { createWorkspace } from "../../src/workspace/create-workspace.ts";

/** The real command, as `npm start` runs it. */
export const COMMAND = fileURLToPath(new URL("../../bin/my-bot.cjs", import.meta.url));

const CONFIG = "config.user.yaml";

/** Settings as they are written in YAML. */
export type Settings = { readonly [key: string]: unknown };

/** A workspace in a folder of its own, with a home and a runtime folder beside it, so that nothing else is touched. */
export interface TestWorkspace {
  readonly root: string;
  /** What a process that uses it is to have as its environment. */
  readonly env: Readonly<Record<"HOME" | "XDG_RUNTIME_DIR" | "PATH", string>>;
  path(...names: readonly string[]): string;
  write(name: string, text: string): Promise<void>;
  /** Changes settings: mappings are merged, everything else is replaced, `undefined` takes a key out. */
  configure(change: Settings): Promise<void>;
  /** Settings that are not as `init` wrote them: "channels.telegram.api_root". */
  changes(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** A workspace as `my-bot init` makes it; by that very command, if `init`. */
export async function createTestWorkspace({ init = false } = {}): Promise<TestWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), "my-bot-rig-"));
  const root = join(folder, "workspace");
  const env = { HOME: folder, XDG_RUNTIME_DIR: folder, PATH: pathOfThisNode() };
  if (init) {
    await promisify(execFile)(process.execPath, [COMMAND, "init", "--yes", "-w", root], { env });
  } else {
    await createWorkspace(root, { files: nodeFileOps });
  }
  const path = (...names: readonly string[]) => join(root, ...names);
  const readSettings = async (): Promise<Settings> => parse(await readFile(path(CONFIG), "utf8"));
  const initial = await readSettings();
  return {
    root,
    env,
    path,
    write: (name, text) => writeFile(path(name), text),
    async configure(change) {
      await writeFile(path(CONFIG), stringify(merge(await readSettings(), change)));
    },
    changes: async () => differences(initial, await readSettings()),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

const pathOfThisNode = () => `${join(process.execPath, "..")}:/usr/bin:/bin`;

const isMapping = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function differences(before: Settings, now: Settings, prefix = ""): readonly string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.flatMap((key) => {
    const [old, value] = [before[key], now[key]];
    if (isMapping(old) && isMapping(value)) return differences(old, value, `${prefix}${key}.`);
    return JSON.stringify(old) === JSON.stringify(value) ? [] : [`${prefix}${key}`];
  });
}

function merge(settings: Settings, change: Settings): Settings {
  const merged: Record<string, unknown> = { ...settings };
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key];
    if (value === undefined) delete merged[key];
    else merged[key] = isMapping(before) && isMapping(value) ? merge(before, value) : value;
  }
  return merged;
}
