import { relative } from "node:path";
import type { FileCall } from "./counted-server.ts";

/** What a message costs at the disk; independent of the machine's speed. */
export interface MessageCost {
  /** fsyncs and fdatasyncs of files, by the folder that they are in. */
  readonly files: Readonly<Record<string, number>>;
  /** fsyncs of folders. */
  readonly folders: Readonly<Record<string, number>>;
  /** Names that were looked up, and nothing more. */
  readonly stats: number;
  readonly creations: number;
  readonly renames: number;
  readonly removals: number;
  /** Written to files. */
  readonly bytes: number;
}

/** `root`: the workspace; what is loaded meanwhile from elsewhere is no matter of the message. */
export function costOf(all: readonly FileCall[], root: string): MessageCost {
  const calls = all
    .map((call) => ({ ...call, path: relative(root, call.path) }))
    .filter(({ path }) => !path.startsWith(".."));
  const count = (...kinds: readonly string[]) =>
    calls.filter(({ kind }) => kinds.includes(kind)).length;
  const syncs = calls.filter(({ kind }) => kind === "fsync" || kind === "fdatasync");
  return {
    files: tally(syncs.filter(({ path }) => isFile(path)).map(({ path }) => folderOf(path))),
    folders: tally(syncs.filter(({ path }) => !isFile(path)).map(({ path }) => path)),
    stats: count("stat", "lstat", "realpath"),
    creations: calls.filter(({ kind, path }) => kind === "open" && isTemporary(path)).length,
    renames: count("rename"),
    removals: count("unlink"),
    bytes: calls.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const isFile = (path: string) => /\.jsonl?(\b|$)/.test(path);
const folderOf = (path: string) => path.split("/").slice(0, -1).join("/");
/** The product makes files under temporary names only; those of write-file-atomic end in a number. */
const isTemporary = (path: string) => /\.tmp|\.jsonl?\.\d+$/.test(path);

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
