import { asError } from "../../runtime/errors.ts";
import { hashKey } from "../event-name.ts";
import type { EventStore, OpenedStore } from "../event-store.ts";
import { readNote, writeNote } from "./notes.ts";
import { pruneDone } from "./prune.ts";
import { publish } from "./publish.ts";
import { read } from "./read.ts";
import { recover } from "./recover.ts";
import { discard, revive, settle } from "./settle.ts";
import { createStoreState, type FileEventStoreOptions, type StoreState } from "./state.ts";

/** One JSON file an event, in folders that say what is owed; the names carry order, lane and key. */
export function createFileEventStore(options: FileEventStoreOptions): EventStore {
  const state = createStoreState(options);
  return {
    open: () => open(state),
    publish: (events, how) => publish(state, events, { settling: how?.settling ?? false }),
    knows: (key) => state.known.has(hashKey(key)),
    read: (ref) => read(state, ref),
    readNote: (ref) => readNote(state, ref),
    writeNote: (ref, note, { sync }) => writeNote(state, { ref, note, sync }),
    settle: (ref, to, { sync }) => settle(state, { ref, to, sync }),
    revive: (ref) => revive(state, ref),
    discard: (ref) => discard(state, ref),
    failed: () => [...state.failed].sort(),
    setAside: (name, contents, reason) => setAside(state, { name, contents, reason }),
    prune: () => prune(state),
    health: state.disk.health,
    onFailing: state.disk.onFailing,
    probe: state.disk.probe,
    counts: () => ({ failed: state.failed.size, quarantined: state.quarantine.count() }),
  };
}

async function open(state: StoreState): Promise<OpenedStore> {
  const found = await recover(state);
  state.known = found.known;
  for (const folder of ["inbox", "pending", "failed"] as const) {
    for (const ref of found[folder]) state.folderOf.set(ref, state.layout[folder]);
  }
  for (const ref of found.failed) state.failed.add(ref);
  for (const ref of found.notes) state.notes.add(ref);
  if (found.hasRecentNotes) {
    await state.recentNotes.open((ref) => state.folderOf.has(ref) && !state.notes.has(ref));
  }
  await state.disk.keepReserve();
  return { owed: { InboundEvent: found.inbox, OutboundEvent: found.pending } };
}

interface Oddity {
  readonly name: string;
  readonly contents: string;
  readonly reason: string;
}

async function setAside(state: StoreState, { name, contents, reason }: Oddity): Promise<void> {
  try {
    await state.quarantine.write(name, contents, reason);
  } catch (error) {
    state.disk.failed(asError(error), { refuse: false });
    throw error;
  }
}

async function prune(state: StoreState): Promise<number> {
  // There may be room again for a reserve that was given up.
  await state.disk.keepReserve();
  return pruneDone(state);
}
