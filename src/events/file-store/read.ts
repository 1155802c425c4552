import { join } from "node:path";
import { asError } from "../../runtime/errors.ts";
import { readIfThere } from "../../runtime/read-if-there.ts";
import { type Event, parseEvent } from "../event.ts";
import { eventFileName, parseEventFileName } from "../event-name.ts";
import { dropNote } from "./notes.ts";
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
  const text = await readIfThere(state.files, path);
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
