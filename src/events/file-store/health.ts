import { join } from "node:path";
import type { Clock } from "../../runtime/clock.ts";
import { diskReason } from "../../runtime/disk-reason.ts";
import { errorCode } from "../../runtime/errors.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import type { FolderSyncs } from "../../runtime/folder-syncs.ts";
import type { Log } from "../../runtime/log.ts";
import type { StoreHealth } from "../event-store.ts";
import { writeAll } from "./durable-writer.ts";
import { type EventLayout, TMP_PREFIX } from "./layout.ts";

/** Knows whether the disk takes writes, and keeps a reserve of space for settling what is finished. */
export interface DiskHealth {
  health(): StoreHealth;
  onFailing(listener: () => void): () => void;
  /** Nothing may be published until a probe has passed. */
  refusing(): Error | undefined;
  failed(error: Error, options: { refuse: boolean }): void;
  worked(): void;
  probe(): Promise<void>;
  /** Makes the reserve if it is not there. Failing is reported, not fatal. */
  keepReserve(): Promise<void>;
  /** Gives the reserve back to the disk, if there is one. Never rejects. */
  releaseReserve(): Promise<void>;
}

interface HealthDeps {
  readonly layout: EventLayout;
  readonly files: FileOps;
  readonly folders: FolderSyncs;
  readonly clock: Clock;
  readonly log: Log;
}

const RESERVE_BYTES = 1_000_000;

export const isFull = (error: unknown) => ["ENOSPC", "EDQUOT"].includes(errorCode(error) ?? "");

export function createDiskHealth(deps: HealthDeps): DiskHealth {
  const { clock, log } = deps;
  let trouble: { reason: string; since: number } | undefined;
  let refusal: Error | undefined;
  let reserved = false;
  const listeners = new Set<() => void>();

  async function keepReserve() {
    if (!reserved) reserved = await makeReserve(deps);
  }

  function worked() {
    if (!trouble || refusal) return;
    log.info({ reason: trouble.reason }, "events can be written again");
    trouble = undefined;
  }

  return {
    health: () => (trouble ? { ok: false, ...trouble } : { ok: true }),
    onFailing(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    refusing: () => refusal,
    failed(error, { refuse }) {
      const reason = diskReason(error);
      if (trouble?.reason !== reason) log.error({ err: error, reason }, "cannot write events");
      const isNew = trouble === undefined;
      trouble = { reason, since: trouble?.since ?? clock.now() };
      if (isNew) for (const listener of listeners) listener();
      if (refuse)
        refusal = new Error(`Cannot write events until the disk works: ${reason}`, {
          cause: error,
        });
    },
    worked,
    async probe() {
      await probeFolders(deps);
      refusal = undefined;
      worked();
      await keepReserve();
    },
    keepReserve,
    async releaseReserve() {
      if (!reserved) return;
      reserved = false;
      await removeReserve(deps);
    },
  };
}

/** The whole way of a write: a read-only mount still lets a folder be synced, so only making a file tells. */
async function probeFolders({ files, folders, layout }: HealthDeps): Promise<void> {
  for (const folder of [layout.inbox, layout.pending]) {
    const since = folders.mark(folder);
    const made = join(folder, `${TMP_PREFIX}probe`);
    const renamed = join(folder, `${TMP_PREFIX}probed`);
    await files.remove(made);
    const open = await files.create(made);
    try {
      await writeAll(open, Buffer.alloc(4096));
      await open.sync();
    } finally {
      await open.close();
    }
    await files.rename(made, renamed);
    await folders.sync(folder, since);
    await files.remove(renamed);
  }
}

async function makeReserve(deps: HealthDeps): Promise<boolean> {
  const { files, layout, log } = deps;
  try {
    const found = await files.stat(layout.reserve);
    if (found?.size === RESERVE_BYTES) return true;
    await files.remove(layout.reserve);
    const open = await files.create(layout.reserve);
    try {
      await writeAll(open, Buffer.alloc(RESERVE_BYTES));
    } finally {
      await open.close();
    }
    return true;
  } catch (error) {
    log.warn({ err: error }, "cannot keep a reserve of disk space");
    // Half a reserve would take the last space from what it is meant for.
    await removeReserve(deps);
    return false;
  }
}

async function removeReserve({ files, layout, log }: HealthDeps): Promise<void> {
  try {
    await files.remove(layout.reserve);
  } catch (error) {
    log.error({ err: error }, "cannot give up the reserve of disk space");
  }
}
