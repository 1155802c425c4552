import { asError } from "../../runtime/errors.ts";
import { type Event, type NewEvent, printEvent } from "../event.ts";
import { eventFileName, hashKey } from "../event-name.ts";
import type { Published } from "../event-store.ts";
import { isFull } from "./health.ts";
import { owedFolder } from "./layout.ts";
import type { StoreState, Writing } from "./state.ts";

interface Fresh {
  readonly ref: string;
  readonly key: string;
  readonly event: Event;
}

/** See `EventStore.publish`. */
export async function publish(
  state: StoreState,
  events: readonly NewEvent[],
  options: { readonly settling: boolean },
): Promise<Published> {
  for (let others = writing(state, events); others.length > 0; others = writing(state, events)) {
    const error = await failureOf(others);
    if (error) return { stored: [], error };
  }
  // Nothing may be awaited between that look and `shareResults`, or two would write the same key.
  const fresh = sortOut(state, events);
  const refusal = fresh.length > 0 ? state.disk.refusing() : undefined;
  if (refusal) return { stored: [], error: refusal };
  const write = writeFresh(state, fresh);
  shareResults(state, fresh, write);
  try {
    const published = await write;
    // Not waited for: what is stored must reach its lane before anything that is stored later.
    if (options.settling && isFull(published.error)) void state.disk.releaseReserve();
    return published;
  } finally {
    for (const { key } of fresh) state.writing.delete(key);
  }
}

/** The writes of those events that others are writing just now. */
function writing(state: StoreState, events: readonly NewEvent[]): readonly Writing[] {
  return events
    .map((event) => state.writing.get(hashKey(event.key)))
    .filter((write) => write !== undefined);
}

async function failureOf(writes: readonly Writing[]): Promise<Error | undefined> {
  return (await Promise.all(writes)).find((failure) => failure !== undefined);
}

/** Known keys are left out. */
function sortOut(state: StoreState, events: readonly NewEvent[]): readonly Fresh[] {
  const fresh = new Map<string, Fresh>();
  for (const event of events) {
    const key = hashKey(event.key);
    if (state.known.has(key) || fresh.has(key)) continue;
    fresh.set(key, { key, ...stamp(state, event) });
  }
  return [...fresh.values()];
}

/** Gives an event its id: from here on it has a place in the order. */
function stamp(state: StoreState, event: NewEvent): { ref: string; event: Event } {
  const id = state.ids.next();
  const stamped: Event = { v: 1, id, timestamp: state.clock.now(), ...event };
  return { ref: eventFileName(id, event), event: stamped };
}

function shareResults(state: StoreState, fresh: readonly Fresh[], write: Promise<Published>): void {
  for (const { key, ref } of fresh) {
    const failure = write.then(
      ({ stored, error }) => (stored.some((other) => other.ref === ref) ? undefined : error),
      asError,
    );
    state.writing.set(key, failure);
  }
}

async function writeFresh(state: StoreState, fresh: readonly Fresh[]): Promise<Published> {
  if (fresh.length === 0) return { stored: [] };
  const batch = fresh.map(({ ref, event }) => ({
    folder: owedFolder(state.layout, event.type),
    name: ref,
    contents: printEvent(event),
  }));
  const { written, error } = await state.writer.write(batch);
  if (error) state.disk.failed(error, { refuse: false });
  else state.disk.worked();
  const stored = fresh.slice(0, written);
  for (const { ref, key, event } of stored) {
    state.known.add(key);
    keepFresh(state, ref, event);
    state.folderOf.set(ref, owedFolder(state.layout, event.type));
  }
  return { stored: stored.map(({ ref, event: { type, key } }) => ({ ref, type, key })), error };
}

const MAX_FRESH = 256;
const MAX_FRESH_CHARS = 16_384;

/** Spares the first reading of a file whose contents are still in hand. The disk is the backlog, not the memory. */
function keepFresh(state: StoreState, ref: string, event: Event): void {
  if (event.content.length > MAX_FRESH_CHARS) return;
  state.fresh.set(ref, event);
  const [oldest] = state.fresh.keys();
  if (state.fresh.size > MAX_FRESH && oldest !== undefined) state.fresh.delete(oldest);
}
