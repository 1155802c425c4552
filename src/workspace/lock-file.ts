import * as z from "zod";

import type { FileOps } from "../runtime/file-ops.ts";
import { readIfThere } from "../runtime/read-if-there.ts";

/**
 * `.event/lock.json`: who serves the workspace. It is not the lock on this machine (that is a socket), only what a
 * person or a container without a common network namespace can know of its holder.
 */
export interface Holder {
  readonly host: string;
  /** Kernel boot. */
  readonly boot: string;
  readonly pid: number;
  /** Network namespace on Linux: sockets of one are not seen in another. Empty elsewhere. */
  readonly network: string;
  /** Where the holder's control socket is. */
  readonly control: string;
  /** UTC ms. */
  readonly startedAt: number;
  readonly heartbeatAt: number;
}

const timeSchema = z.iso.datetime().transform((text) => Date.parse(text));

const holderSchema = z.object({
  host: z.string(),
  boot: z.string(),
  pid: z.number().int(),
  network: z.string(),
  control: z.string(),
  started_at: timeSchema,
  heartbeat_at: timeSchema,
});

/** Undefined if there is none, or it does not say who holds the workspace. Rejects if the disk does. */
export async function readHolder(
  path: string,
  files: Pick<FileOps, "read">,
): Promise<Holder | undefined> {
  const text = (await readIfThere(files, path)) ?? "";
  const parsed = holderSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { started_at, heartbeat_at, ...same } = parsed.data;
  return { ...same, startedAt: started_at, heartbeatAt: heartbeat_at };
}

export async function writeHolder(
  path: string,
  { startedAt, heartbeatAt, ...same }: Holder,
  files: Pick<FileOps, "replace">,
): Promise<void> {
  const times = {
    started_at: new Date(startedAt).toISOString(),
    heartbeat_at: new Date(heartbeatAt).toISOString(),
  };
  await files.replace(path, `${JSON.stringify({ ...same, ...times }, undefined, 2)}\n`, {
    sync: false,
  });
}

/** Whether two records tell of one run of one process. */
export function isSameHolder(a: Holder, b: Holder): boolean {
  return isSameMachine(a, b) && a.pid === b.pid && a.startedAt === b.startedAt;
}

/** Whether a socket that one of them holds is in the other's way. */
export function isSameMachine(a: Holder, b: Holder): boolean {
  return a.host === b.host && a.network === b.network && a.boot === b.boot;
}

/** "process 123 on host, since 2030-01-01T00:00:00.000Z" */
export function describeHolder({ pid, host, startedAt }: Holder): string {
  return `process ${pid} on ${host}, since ${new Date(startedAt).toISOString()}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Torn or foreign: it tells of nobody, and the next heartbeat replaces it.
    return undefined;
  }
}
