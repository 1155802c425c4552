import { dirname, join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import type { FileOps } from "../../runtime/file-ops.ts";
import type { FolderSyncs } from "../../runtime/folder-syncs.ts";
import { type HybridClock, ID_DIGITS } from "../../runtime/hybrid-clock.ts";
import type { Log } from "../../runtime/log.ts";
import { isEventFileName, keyOf } from "../event-name.ts";
import { enterAnew } from "./enter-anew.ts";
import { createKeySet, type KeySet } from "./key-set.ts";
import {
  AGAIN_PREFIX,
  type EventLayout,
  eventFolders,
  recentNotesPath,
  TMP_PREFIX,
} from "./layout.ts";
import type { Quarantine } from "./quarantine.ts";

/** What the folders hold at start. Names only: 100,000 owed events cost one listing. */
export interface Recovered {
  /** Oldest first, as all that follow. */
  readonly inbox: readonly string[];
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  /** Refs that have a note of their own. */
  readonly notes: ReadonlySet<string>;
  readonly hasRecentNotes: boolean;
  /** The keys of all that was found. */
  readonly known: KeySet;
}

interface RecoverDeps {
  readonly layout: EventLayout;
  readonly files: FileOps;
  readonly folders: FolderSyncs;
  readonly quarantine: Quarantine;
  readonly ids: HybridClock;
  readonly log: Log;
}

export async function recover(deps: RecoverDeps): Promise<Recovered> {
  const { layout, files, ids } = deps;
  // Its own, because an earlier try may have failed half-way: what that one knew would be taken for doubles.
  const known = createKeySet();
  for (const folder of eventFolders(layout)) await files.makeDirectory(folder);
  await deps.quarantine.load();
  const done = await listEvents(deps, layout.done);
  await inSlices(done, (ref) => known.add(keyOf(ref)));
  const failed = await withoutDoubles(deps, layout.failed, known);
  const inbox = await withoutDoubles(deps, layout.inbox, known);
  const pending = await withoutDoubles(deps, layout.pending, known);
  for (const refs of [done, failed, inbox, pending]) ids.observe(latestId(refs));
  await syncNames(deps, { done, failed, inbox, pending });
  const notes = await keepNotes(deps, [inbox, pending, failed]);
  return { inbox, pending, failed, ...notes, known };
}

const NAMES_A_SLICE = 8192;

/** Timers and sockets have their turn in between. */
async function inSlices(names: readonly string[], step: (name: string) => void): Promise<void> {
  for (const [index, name] of names.entries()) {
    if (index % NAMES_A_SLICE === NAMES_A_SLICE - 1) await breathe();
    step(name);
  }
}

function latestId(refs: readonly string[]): string {
  let latest = "0";
  for (const ref of refs) if (ref > latest) latest = ref;
  return latest.slice(0, ID_DIGITS);
}

/**
 * What a killed process had renamed and not synced is known from here on, so it has to be as durable as everything that
 * is: a message that is sent again is confirmed because it is known. And a file is only as durable as the folders above.
 */
async function syncNames(
  { layout, files, folders }: RecoverDeps,
  found: Readonly<Record<"done" | "failed" | "inbox" | "pending", readonly string[]>>,
): Promise<void> {
  for (const name of ["done", "failed", "inbox", "pending"] as const) {
    const since = folders.mark(layout[name]);
    if (since > 0) for (const ref of found[name]) await enterAnew(files, layout[name], ref);
    await folders.sync(layout[name], since);
  }
  for (const folder of [layout.root, dirname(layout.root)]) await files.syncDirectory(folder);
}

/** Event files in a folder, in no order. Leftovers of cut-off writes are removed, foreign files set aside. */
async function listEvents(deps: RecoverDeps, folder: string): Promise<string[]> {
  const refs: string[] = [];
  const others: string[] = [];
  const names = await deps.files.list(folder);
  await inSlices(names, (name) => void (isEventFileName(name) ? refs : others).push(name));
  for (const name of others) {
    if (name.startsWith(AGAIN_PREFIX)) refs.push(await takeOffPrefix(deps.files, folder, name));
    else if (name.startsWith(TMP_PREFIX)) await deps.files.remove(join(folder, name));
    else if (name.endsWith(".json")) {
      await deps.quarantine.move(join(folder, name), name, "The name is not one of an event");
    } else
      deps.log.warn(
        { file: join(folder, name) },
        "file in the event folder is not ours; left alone",
      );
  }
  return refs;
}

/** A process died while it entered the name anew. */
async function takeOffPrefix(files: FileOps, folder: string, name: string): Promise<string> {
  const ref = name.slice(AGAIN_PREFIX.length);
  await files.rename(join(folder, name), join(folder, ref));
  return ref;
}

/**
 * A power cut can leave the old name beside the new one: the one in the folder that was read before is the truth.
 * Two events of one key are left when a write that had failed could not be taken back: then the later one was accepted.
 */
async function withoutDoubles(
  deps: RecoverDeps,
  folder: string,
  known: KeySet,
): Promise<readonly string[]> {
  const refs = (await listEvents(deps, folder)).sort().reverse();
  const doubles: string[] = [];
  await inSlices(refs, (ref) => {
    if (!known.add(keyOf(ref))) doubles.push(ref);
  });
  for (const ref of doubles) await removeDouble(deps, folder, ref);
  const gone = new Set(doubles);
  return (gone.size > 0 ? refs.filter((ref) => !gone.has(ref)) : refs).reverse();
}

async function removeDouble(
  { files, layout, quarantine }: RecoverDeps,
  folder: string,
  ref: string,
): Promise<void> {
  const others = [layout.done, layout.failed, layout.inbox].filter((other) => other !== folder);
  const found = await Promise.all(others.map((other) => files.stat(join(other, ref))));
  if (found.some((file) => file !== undefined)) await files.remove(join(folder, ref));
  else await quarantine.move(join(folder, ref), ref, "Another event has the same key");
}

async function keepNotes(
  { layout, files }: RecoverDeps,
  owed: readonly (readonly string[])[],
): Promise<Pick<Recovered, "notes" | "hasRecentNotes">> {
  const recent = recentNotesPath(layout);
  let hasRecentNotes = false;
  const names = await files.list(layout.notes);
  const wanted = new Set(names.length > 0 ? owed.flat() : []);
  const notes = new Set<string>();
  for (const name of names) {
    const path = join(layout.notes, name);
    if (wanted.has(name)) notes.add(name);
    else if (path === recent) hasRecentNotes = true;
    else await files.remove(path);
  }
  return { notes, hasRecentNotes };
}
