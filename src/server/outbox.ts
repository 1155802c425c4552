import type { Event } from "../events/event.ts";
import type { EventStore } from "../events/event-store.ts";
import type { Note } from "../events/note.ts";

/** An event that is owed or dead, with what is known about it. */
export interface OutboxEntry {
  readonly ref: string;
  readonly state: "owed" | "dead";
  /** Undefined if it could not be read now. */
  readonly event: Event | undefined;
  readonly note: Note;
}

/** Longest list: a backlog of 100,000 is counted, not printed. */
const MAX_ENTRIES = 1000;

/** What is owed and what was given up, oldest first, at most `MAX_ENTRIES`. */
export async function listOutbox(
  store: Pick<EventStore, "read" | "readNote" | "failed">,
  owed: readonly string[],
): Promise<readonly OutboxEntry[]> {
  const dead = store.failed().map((ref) => ({ ref, state: "dead" as const }));
  const waiting = owed.map((ref) => ({ ref, state: "owed" as const }));
  const entries: OutboxEntry[] = [];
  for (const { ref, state } of [...dead, ...waiting].slice(0, MAX_ENTRIES)) {
    entries.push({ ref, state, event: await store.read(ref), note: await store.readNote(ref) });
  }
  return entries.sort((a, b) => (a.ref < b.ref ? -1 : 1));
}
