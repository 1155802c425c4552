import { join } from "node:path";
import { asError, errorCode } from "../../runtime/errors.ts";
import { type Event, parseEvent } from "../event.ts";
import { eventFileName, parseEventFileName } from "../event-name.ts";
import { EMPTY_NOTE, type Note, parseNote, printNote } from "../note.ts";
import type { StoreState } from "./state.ts";

/** See `EventStore.read`. */
export async function read(state: StoreState, ref: string): Promise<Event | undefined> {
  const folder = state.folderOf.get(ref);
  if (!folder) return undefined;
  const fresh = state.fresh.get(ref);
  if (fresh) {
    state.fresh.delete(ref);
    return fresh;
  }
  const path = join(folder, ref);
  const text = await readText(state, path);
  if (text === undefined) return notFound(state, ref, folder);
  const parsed = parseFor(ref, text);
  if (typeof parsed !== "string") return parsed;
  await state.quarantine.move(path, ref, parsed);
  await forget(state, ref);
  return undefined;
}

/** Either it was settled while it was read, or someone has taken the file away; its key stays known in both cases. */
function notFound(state: StoreState, ref: string, folder: string): undefined {
  if (state.folderOf.get(ref) !== folder) return;
  state.log.error({ event: ref }, "event file was removed by someone else");
  state.folderOf.delete(ref);
  state.failed.delete(ref);
}

async function readText(state: StoreState, path: string): Promise<string | undefined> {
  try {
    return await state.files.read(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The event, or why it is not one. */
function parseFor(ref: string, text: string): Event | string {
  try {
    const event = parseEvent(text);
    return eventFileName(event.id, event) === ref ? event : "The name does not fit the contents";
  } catch (error) {
    return asError(error).message;
  }
}

/** It was never handled: should the platform send it again, it is welcome. */
async function forget(state: StoreState, ref: string): Promise<void> {
  state.folderOf.delete(ref);
  state.failed.delete(ref);
  state.known.delete(parseEventFileName(ref)?.key ?? "");
  await dropNote(state, ref);
}

export async function readNote(state: StoreState, ref: string): Promise<Note> {
  if (!state.notes.has(ref)) return EMPTY_NOTE;
  const path = join(state.layout.notes, ref);
  const text = await readText(state, path);
  // Removed by its settling, or by hand: nothing is known then.
  if (text === undefined) return EMPTY_NOTE;
  try {
    return parseNote(text);
  } catch (error) {
    await state.quarantine.move(path, `note-${ref}`, asError(error).message);
    state.notes.delete(ref);
    return EMPTY_NOTE;
  }
}

export interface NoteToWrite {
  readonly ref: string;
  readonly note: Note;
  readonly sync: boolean;
}

export async function writeNote(
  state: StoreState,
  { ref, note, sync }: NoteToWrite,
): Promise<void> {
  // Unsynced contents under the name of synced ones would be lost together with them.
  const safely = sync || state.syncedNotes.has(ref);
  const { notes } = state.layout;
  const write = () => state.files.replace(join(notes, ref), printNote(note), { sync: safely });
  try {
    await (safely ? state.folders.within(notes, write) : write());
    state.notes.add(ref);
    if (safely) state.syncedNotes.add(ref);
  } catch (error) {
    state.disk.failed(asError(error), { refuse: false });
    throw error;
  }
}

/** Never rejects: a note without its event is removed by the next start. */
export async function dropNote(state: StoreState, ref: string): Promise<void> {
  if (!state.notes.has(ref)) return;
  try {
    await state.files.remove(join(state.layout.notes, ref));
    state.notes.delete(ref);
    state.syncedNotes.delete(ref);
  } catch (error) {
    state.log.warn({ event: ref, err: error }, "cannot remove a note; the next start does");
  }
}
