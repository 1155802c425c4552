import { join } from "node:path";
import { asError, errorCode } from "../../runtime/errors.ts";
import type { EventType } from "../event.ts";
import { revivedNote } from "../note.ts";
import { isFull } from "./health.ts";
import { owedFolder } from "./layout.ts";
import { dropNote, read, readNote, writeNote } from "./read.ts";
import type { StoreState } from "./state.ts";

interface Settlement {
  readonly ref: string;
  readonly to: "done" | "failed";
  readonly sync: boolean;
}

/** See `EventStore.settle`. May be called again after it has failed. */
export async function settle(state: StoreState, { ref, to, sync }: Settlement): Promise<void> {
  try {
    await move(state, ref, state.layout[to]);
    if (sync) await (to === "done" ? state.syncDone() : state.syncFailed());
  } catch (error) {
    state.disk.failed(asError(error), { refuse: false });
    if (isFull(error)) await state.disk.releaseReserve();
    throw error;
  }
  if (to === "done") await dropNote(state, ref);
}

/** Renames the event's file, unless it is there already. */
async function move(state: StoreState, ref: string, to: string): Promise<void> {
  state.fresh.delete(ref);
  const from = state.folderOf.get(ref);
  if (!from || from === to) return;
  // Until the rename is over it is nowhere: whoever reads it meanwhile must not take it for lost.
  state.folderOf.delete(ref);
  try {
    await state.files.rename(join(from, ref), join(to, ref));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") {
      state.folderOf.set(ref, from);
      throw error;
    }
    state.log.error({ event: ref }, "event file was removed by someone else");
    state.failed.delete(ref);
    return;
  }
  if (to !== state.layout.done) state.folderOf.set(ref, to);
  if (to === state.layout.failed) state.failed.add(ref);
  else state.failed.delete(ref);
}

/** See `EventStore.revive`. May be called again after it has failed. */
export async function revive(state: StoreState, ref: string): Promise<EventType> {
  const event = await read(state, ref);
  if (!event) throw new Error(`Cannot retry ${ref}: there is no such dead letter`);
  const folder = owedFolder(state.layout, event.type);
  if (state.failed.has(ref)) {
    await writeNote(state, { ref, note: revivedNote(await readNote(state, ref)), sync: true });
    await move(state, ref, folder);
  }
  await state.files.syncDirectory(folder);
  await state.syncFailed();
  return event.type;
}

/** See `EventStore.discard`. */
export async function discard(state: StoreState, ref: string): Promise<void> {
  if (!state.failed.has(ref))
    throw new Error(`Cannot discard ${ref}: there is no such dead letter`);
  await move(state, ref, state.layout.done);
  await state.syncDone();
  await dropNote(state, ref);
}
