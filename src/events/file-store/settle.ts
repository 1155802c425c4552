import { join } from "node:path";
import { asError, errorCode } from "../../runtime/errors.ts";
import type { EventType } from "../event.ts";
import { revivedNote } from "../note.ts";
import { enterAnew } from "./enter-anew.ts";
import { isFull } from "./health.ts";
import { owedFolder } from "./layout.ts";
import { dropNote, readNote, writeNote } from "./notes.ts";
import { read } from "./read.ts";
import type { StoreState } from "./state.ts";

interface Settlement {
  readonly ref: string;
  readonly to: "done" | "failed";
  readonly sync: boolean;
}

/** See `EventStore.settle`. May be called again after it has failed. */
export async function settle(state: StoreState, { ref, to, sync }: Settlement): Promise<void> {
  try {
    await (sync ? moveForGood(state, ref, state.layout[to]) : move(state, ref, state.layout[to]));
  } catch (error) {
    state.disk.failed(asError(error), { refuse: false });
    if (isFull(error)) await state.disk.releaseReserve();
    throw error;
  }
  if (to === "done") await dropNote(state, ref);
}

/** Moves the event's file and makes that durable. May be called again after it has failed. */
async function moveForGood(state: StoreState, ref: string, to: string): Promise<void> {
  const since = state.folders.mark(to);
  // One that is there already may be there only in memory.
  if (!(await move(state, ref, to))) await enterAnew(state.files, to, ref);
  await state.folders.sync(to, since);
}

/** Renames the event's file; false if it is not owed or dead any more. */
async function move(state: StoreState, ref: string, to: string): Promise<boolean> {
  state.fresh.delete(ref);
  const from = state.folderOf.get(ref);
  if (!from || from === to) return false;
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
    return false;
  }
  if (to !== state.layout.done) state.folderOf.set(ref, to);
  if (to === state.layout.failed) state.failed.add(ref);
  else state.failed.delete(ref);
  return true;
}

/** See `EventStore.revive`. May be called again after it has failed. */
export async function revive(state: StoreState, ref: string): Promise<EventType> {
  const event = await read(state, ref);
  if (!event) throw new Error(`Cannot retry ${ref}: there is no such dead letter`);
  const owed = owedFolder(state.layout, event.type);
  const { failed } = state.layout;
  const marks = [owed, failed].map((folder) => [folder, state.folders.mark(folder)] as const);
  // After a failed sync its names in both folders may be true in memory only: all of it is done anew.
  if (!state.failed.has(ref)) await moveForGood(state, ref, failed);
  await makeOwed(state, ref, owed);
  for (const [folder, since] of marks) await state.folders.sync(folder, since);
  return event.type;
}

async function makeOwed(state: StoreState, ref: string, owed: string): Promise<void> {
  await writeNote(state, { ref, note: revivedNote(await readNote(state, ref)), sync: true });
  await move(state, ref, owed);
}

/** See `EventStore.discard`. */
export async function discard(state: StoreState, ref: string): Promise<void> {
  if (!state.failed.has(ref))
    throw new Error(`Cannot discard ${ref}: there is no such dead letter`);
  await moveForGood(state, ref, state.layout.done);
  await dropNote(state, ref);
}
