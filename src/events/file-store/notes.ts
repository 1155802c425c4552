import { join } from "node:path";
import { asError } from "../../runtime/errors.ts";
import { readIfThere } from "../../runtime/read-if-there.ts";
import { EMPTY_NOTE, type Note, parseNote, printNote } from "../note.ts";
import type { StoreState } from "./state.ts";

/** An event's note is in a file of its own once it has been synced, and among the recent ones before. */
export async function readNote(state: StoreState, ref: string): Promise<Note> {
  if (!state.notes.has(ref)) return state.recentNotes.read(ref) ?? EMPTY_NOTE;
  const path = join(state.layout.notes, ref);
  const text = await readIfThere(state.files, path);
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
  try {
    // Unsynced contents under the name of synced ones would be lost together with them.
    if (sync || state.notes.has(ref)) await writeFile(state, ref, note);
    else await state.recentNotes.write(ref, note);
  } catch (error) {
    state.disk.failed(asError(error), { refuse: false });
    throw error;
  }
}

async function writeFile(state: StoreState, ref: string, note: Note): Promise<void> {
  const { notes } = state.layout;
  await state.folders.within(notes, () =>
    state.files.replace(join(notes, ref), printNote(note), { sync: true }),
  );
  state.notes.add(ref);
  state.recentNotes.drop(ref);
}

/** Never rejects: a note without its event is removed by the next start. */
export async function dropNote(state: StoreState, ref: string): Promise<void> {
  state.recentNotes.drop(ref);
  if (!state.notes.has(ref)) return;
  try {
    await state.files.remove(join(state.layout.notes, ref));
    state.notes.delete(ref);
  } catch (error) {
    state.log.warn({ event: ref, err: error }, "cannot remove a note; the next start does");
  }
}
