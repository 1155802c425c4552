import { hostname } from "node:os";
import { readBootId } from "../runtime/boot-id.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { acquireLock, type Lock, type LockDeps } from "../workspace/lock.ts";
import type { CommandContext } from "./context.ts";

/** The right to change the workspace's events. Rejects with a UserError that names who has it. */
export async function lockWorkspace(
  { paths, files }: CommandContext,
  log: Log,
  { control, signal }: Pick<LockDeps, "control" | "signal">,
): Promise<Lock> {
  const clock = systemClock;
  const boot = await readBootId(files, clock.now);
  const host = { name: hostname(), boot, pid: process.pid, platform: process.platform };
  return acquireLock({ paths, files, clock, log, host, control, signal });
}
