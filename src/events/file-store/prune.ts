import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { ID_DIGITS, idTime } from "../../runtime/hybrid-clock.ts";
import { readIfThere } from "../../runtime/read-if-there.ts";
import { EFFECTS, type Event, effectKey, parseEvent } from "../event.ts";
import { hashKey, isEventFileName, keyOf } from "../event-name.ts";
import type { StoreState } from "./state.ts";

const FILES_A_BREATH = 64;
const DAY_MS = 24 * 3_600_000;

/** Removes settled events whose time is over; resolves with how many. */
export async function pruneDone(state: StoreState): Promise<number> {
  const { layout, retention, clock } = state;
  const now = clock.now();
  const soonest = now - Math.min(DAY_MS, retention.keepMs);
  const names = await state.files.list(layout.done);
  const old = names.filter((name) => acceptedAt(name) < soonest).sort();
  const surplus = names.length - retention.keepCount;
  const owed = await relativesOfOwed(state, soonest);
  let pruned = 0;
  for (const [index, ref] of old.entries()) {
    // Timers and sockets have their turn in between.
    if (index % FILES_A_BREATH === FILES_A_BREATH - 1) await breathe();
    const until = index < surplus ? soonest : now - retention.keepMs;
    const key = keyOf(ref);
    if (acceptedAt(ref) >= until || owed.has(key)) continue;
    if (!(await settledBefore(state, ref, until))) continue;
    await state.files.remove(join(layout.done, ref));
    state.known.delete(key);
    pruned += 1;
  }
  return pruned;
}

/** Infinity for what is no event: it is not ours to remove. */
function acceptedAt(name: string): number {
  return isEventFileName(name) ? idTime(name.slice(0, ID_DIGITS)) : Number.POSITIVE_INFINITY;
}

/** A rename sets the time of change, so it tells when the event was settled. */
async function settledBefore({ files, layout }: StoreState, ref: string, time: number) {
  const found = await files.stat(join(layout.done, ref));
  return found !== undefined && found.changedMs < time;
}

/**
 * Hashes of the keys that cause, or are caused by, an owed event: a repeat of such a cause would be answered again, and
 * such an effect would come twice. Only what was accepted before `time` can have a relative that was settled before it:
 * a cause is settled after its effect was accepted, and an effect is accepted after its cause.
 */
async function relativesOfOwed(state: StoreState, time: number): Promise<ReadonlySet<string>> {
  const { inbox, pending } = state.layout;
  const owed = [...state.folderOf].filter(
    ([ref, folder]) => (folder === inbox || folder === pending) && acceptedAt(ref) < time,
  );
  const relatives = new Set<string>();
  for (const [index, [ref, folder]] of owed.entries()) {
    if (index % FILES_A_BREATH === FILES_A_BREATH - 1) await breathe();
    const event = await peek(state, join(folder, ref));
    for (const key of event ? keysAround(event) : []) relatives.add(hashKey(key));
  }
  return relatives;
}

function keysAround(event: Event): readonly string[] {
  const effects = EFFECTS.map((effect) => effectKey(event.key, effect));
  const isCaused = event.type === "OutboundEvent" && event.cause !== undefined;
  return isCaused ? [event.cause, ...effects] : effects;
}

/** Undefined if it was settled meanwhile, or cannot be understood, which its own turn finds out. */
async function peek({ files }: StoreState, path: string): Promise<Event | undefined> {
  const text = await readIfThere(files, path);
  try {
    return text === undefined ? undefined : parseEvent(text);
  } catch {
    // Set aside with its reason when its turn comes.
    return undefined;
  }
}
