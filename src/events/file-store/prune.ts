import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import type { FileOps } from "../../runtime/file-ops.ts";
import { idTime } from "../../runtime/hybrid-clock.ts";
import { parseEventFileName } from "../event-name.ts";

export interface Retention {
  /** How long settled events are kept, ms from settling. */
  readonly keepMs: number;
  /** Beyond this many, the oldest go earlier, but never before a day: Telegram may send them again for so long. */
  readonly keepCount: number;
}

interface PruneDeps extends Retention {
  readonly folder: string;
  readonly files: FileOps;
  readonly now: number;
  /** When the oldest owed event was accepted, UTC ms: its cause and what caused it must be remembered. */
  readonly oldestOwedAt: number | undefined;
}

const FILES_A_BREATH = 64;
const DAY_MS = 24 * 3_600_000;

/** Removes settled events whose time is over; resolves with their refs. */
export async function pruneDone(deps: PruneDeps): Promise<string[]> {
  const refs = (await deps.files.list(deps.folder))
    .filter((name) => parseEventFileName(name))
    .sort();
  const owedFrom = deps.oldestOwedAt ?? Number.POSITIVE_INFINITY;
  const pruned: string[] = [];
  for (const [index, ref] of refs.entries()) {
    const acceptedAt = idTime(parseEventFileName(ref)?.id ?? "0");
    const surplus = index < refs.length - deps.keepCount;
    const keepMs = surplus ? Math.min(DAY_MS, deps.keepMs) : deps.keepMs;
    if (acceptedAt > deps.now - keepMs || acceptedAt >= owedFrom) break;
    // Timers and sockets have their turn in between.
    if (index % FILES_A_BREATH === FILES_A_BREATH - 1) await breathe();
    // A cause is settled after its effect was accepted, and an effect is accepted after its cause was.
    if (await settledBefore(deps, ref, Math.min(deps.now - keepMs, owedFrom))) {
      await deps.files.remove(join(deps.folder, ref));
      pruned.push(ref);
    }
  }
  return pruned;
}

/** A rename sets the time of change, so it tells when the event was settled. */
async function settledBefore({ files, folder }: PruneDeps, ref: string, time: number) {
  const found = await files.stat(join(folder, ref));
  return found !== undefined && found.changedMs < time;
}
