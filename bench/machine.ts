import { readFile, statfs } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";

/** What the figures were taken on. */
export interface Machine {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Of the folder that was written to. */
  readonly fileSystem: string;
  /** Of the last minute, before the run. */
  readonly load: number;
}

/** Magic numbers of statfs(2). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext2/ext3/ext4",
  1481003842: "XFS",
  2435016766: "btrfs",
  16914836: "tmpfs",
  2035054128: "overlayfs",
  801189825: "ZFS",
  26985: "NFS",
  1702057286: "FUSE",
};

export async function describeMachine(folder: string): Promise<Machine> {
  const { type } = await statfs(folder);
  const name = FILE_SYSTEMS[type] ?? `type 0x${type.toString(16)}`;
  const mounted = await mountedType(folder);
  return {
    node: process.version,
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    fileSystem: mounted === undefined ? name : `${mounted} (statfs: ${name})`,
    load: Number(loadavg()[0]?.toFixed(1)),
  };
}

/** What Linux says of the mount that the folder is on: statfs cannot tell ext4 from ext2. */
async function mountedType(folder: string): Promise<string | undefined> {
  const table = await readFile("/proc/mounts", "utf8").catch(() => "");
  const mounts = table
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, point = "-"]) => point === "/" || `${folder}/`.startsWith(`${point}/`))
    .sort(([, a = ""], [, b = ""]) => b.length - a.length);
  const [, , type, options] = mounts[0] ?? [];
  return type && `${type}, ${options}`;
}
