import type { Clock } from "../runtime/clock.ts";
import { errorMessage, UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { createReleasers } from "../runtime/releasers.ts";
import { describeHolder, type Holder, isSameMachine, readHolder } from "./lock-file.ts";
import { startHeartbeat } from "./lock-heartbeat.ts";
import { type HeldSocket, holdSocket, lockAddress } from "./lock-socket.ts";
import type { WorkspacePaths } from "./paths.ts";

export interface LockDeps {
  readonly paths: WorkspacePaths;
  readonly files: FileOps;
  readonly clock: Clock;
  readonly log: Log;
  /** Who is asking. `boot` is `readBootId()`'s. */
  readonly host: {
    readonly name: string;
    readonly boot: string;
    readonly pid: number;
    readonly platform: NodeJS.Platform;
  };
  /** `controlPath()`'s; noted in `lock.json`, so that a client finds it whatever its own surroundings are. */
  readonly control: string;
  /** Ends the waiting for another holder. */
  readonly signal?: AbortSignal | undefined;
}

/** The right to serve a workspace. The kernel takes it back whatever way the process dies. */
export interface Lock {
  /** Kernel boot of the last holder, if that one was killed. */
  readonly previousBoot?: string | undefined;
  /** Aborts, with a UserError as its reason, if a container that shares the volume serves the workspace too. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** A process that was just killed may take a moment to be gone. */
const PATIENCE_MS = 1_000;
const RETRY_MS = 50;
/** A heartbeat comes every 10 s; one that is older than this belongs to the dead. */
const ALIVE_MS = 35_000;
const LOOK_MS = 1_000;

/** Rejects with a UserError (exit code 1) that names the holder, if there is one, or with the signal's reason. */
export async function acquireLock(deps: LockDeps): Promise<Lock> {
  const { paths, files, log } = deps;
  const path = lockFile(paths);
  const self = await describeSelf(deps);
  const held = await takeSocket(deps);
  if (!held) throw inUse(paths.root, await readHolder(path, files));

  const releasers = createReleasers();
  releasers.add(held.release);
  try {
    const found = await readHolder(path, files);
    if (found && !isSameMachine(found, self) && (await isAlive(found, deps))) {
      throw inUse(paths.root, found);
    }
    const heartbeat = await startHeartbeat(self, { ...deps, path, dead: found });
    // Before the socket: nobody else may have written a record of their own when ours is removed.
    releasers.add(heartbeat.stop);
    log.debug({ workspace: paths.root, takenOver: found !== undefined }, "workspace locked");
    return { previousBoot: found?.boot, lost: heartbeat.lost, release: releasers.releaseAll };
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

/** The record of who serves the workspace, for whoever wants to talk to it. It may be a dead one's. */
export function lockFile(paths: WorkspacePaths): string {
  return `${paths.events}/lock.json`;
}

async function describeSelf({ paths, files, clock, host, control }: LockDeps): Promise<Holder> {
  try {
    await files.makeDirectory(paths.events);
    const isLinux = host.platform === "linux";
    const network = isLinux ? (await files.identity("/proc/self/ns/net")).id : "";
    const { name, boot, pid } = host;
    const now = clock.now();
    return { host: name, boot, pid, network, control, startedAt: now, heartbeatAt: now };
  } catch (error) {
    throw new UserError(`Cannot use the workspace ${paths.root}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

async function takeSocket(deps: LockDeps): Promise<HeldSocket | undefined> {
  const { paths, files, clock, host, control } = deps;
  const { id } = await files.identity(paths.root);
  const address = lockAddress(host.platform, id, control);
  for (let waited = 0; ; waited += RETRY_MS) {
    const held = await holdSocket(address, files);
    if (held || waited >= PATIENCE_MS) return held;
    await clock.sleep(RETRY_MS, deps.signal);
  }
}

/**
 * Whether a holder whose socket cannot be seen from here (another machine, another container) still writes its record.
 * A fresh record is watched until it changes, goes away, or is old; how old it is by our clock says nothing more.
 */
async function isAlive(
  found: Holder,
  { paths, files, clock, log, signal }: LockDeps,
): Promise<boolean> {
  const age = Math.max(clock.now() - found.heartbeatAt, 0);
  if (age >= ALIVE_MS) return false;
  log.warn(
    { holder: describeHolder(found), waitMs: ALIVE_MS - age },
    "the workspace was in use elsewhere a moment ago: waiting to see whether it still is",
  );
  for (let waited = age; waited < ALIVE_MS; waited += LOOK_MS) {
    await clock.sleep(LOOK_MS, signal);
    const now = await readHolder(lockFile(paths), files);
    if (!now) return false;
    if (now.heartbeatAt !== found.heartbeatAt || now.startedAt !== found.startedAt) return true;
  }
  return false;
}

function inUse(root: string, holder: Holder | undefined): UserError {
  const who = holder ? `my-bot (${describeHolder(holder)})` : "another process";
  return new UserError(`Cannot start: the workspace ${root} is in use by ${who}; stop it first`);
}
