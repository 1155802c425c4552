import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";

const SHIPPED = fileURLToPath(new URL("../../default_workspace", import.meta.url));
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
  remove(): Promise<void>;
}

/** The shipped workspace with the shipped configuration, as `my-bot init` makes it. */
export async function createTestWorkspace(): Promise<TestWorkspace> {
  const folder = await mkdtemp(join(tmpdir(), "my-bot-rig-"));
  const root = join(folder, "workspace");
  await cp(SHIPPED, root, { recursive: true });
  const path = (...names: readonly string[]) => join(root, ...names);
  const readSettings = async (): Promise<Settings> => parse(await readFile(path(CONFIG), "utf8"));
  return {
    root,
    env: { HOME: folder, XDG_RUNTIME_DIR: folder, PATH: pathOfThisNode() },
    path,
    write: (name, text) => writeFile(path(name), text),
    async configure(change) {
      await writeFile(path(CONFIG), stringify(merge(await readSettings(), change)));
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

const pathOfThisNode = () => `${join(process.execPath, "..")}:/usr/bin:/bin`;

const isMapping = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function merge(settings: Settings, change: Settings): Settings {
  const merged: Record<string, unknown> = { ...settings };
  for (const [key, value] of Object.entries(change)) {
    const before = merged[key];
    if (value === undefined) delete merged[key];
    else merged[key] = isMapping(before) && isMapping(value) ? merge(before, value) : value;
  }
  return merged;
}
