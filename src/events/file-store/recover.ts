import { dirname, join } from "node:path";
import type { FileOps } from "../../runtime/file-ops.ts";
import type { FolderSyncs } from "../../runtime/folder-syncs.ts";
import type { Log } from "../../runtime/log.ts";
import { parseEventFileName } from "../event-name.ts";
import { enterAnew } from "./enter-anew.ts";
import { AGAIN_PREFIX, type EventLayout, eventFolders, TMP_PREFIX } from "./layout.ts";
import type { Quarantine } from "./quarantine.ts";

/** What the folders hold at start. Names only: 100,000 owed events cost one listing. */
export interface Recovered {
  readonly inbox: string[];
  readonly pending: string[];
  readonly failed: string[];
  readonly done: readonly string[];
  /** Refs that have a note. */
  readonly notes: Set<string>;
}

interface RecoverDeps {
  readonly layout: EventLayout;
  readonly files: FileOps;
  readonly folders: FolderSyncs;
  readonly quarantine: Quarantine;
  readonly log: Log;
}

export async function recover(deps: RecoverDeps): Promise<Recovered> {
  const { layout, files } = deps;
  for (const folder of eventFolders(layout)) await files.makeDirectory(folder);
  await deps.quarantine.load();
  const done = await listEvents(deps, layout.done);
  const seen = { refs: new Set(done), keys: new Set(done.map(keyOf)) };
  const failed = await withoutDoubles(deps, layout.failed, seen);
  const inbox = await withoutDoubles(deps, layout.inbox, seen);
  const pending = await withoutDoubles(deps, layout.pending, seen);
  const owed = new Set([...inbox, ...pending, ...failed]);
  await syncNames(deps, { done, failed, inbox, pending });
  return { inbox, pending, failed, done, notes: await keepNotes(deps, owed) };
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

const keyOf = (ref: string) => parseEventFileName(ref)?.key ?? "";

/** Event files in a folder, oldest first. Leftovers of cut-off writes are removed, foreign files set aside. */
async function listEvents(deps: RecoverDeps, folder: string): Promise<string[]> {
  const refs: string[] = [];
  for (const name of await deps.files.list(folder)) {
    if (parseEventFileName(name)) refs.push(name);
    else if (name.startsWith(AGAIN_PREFIX))
      refs.push(await takeOffPrefix(deps.files, folder, name));
    else if (name.startsWith(TMP_PREFIX)) await deps.files.remove(join(folder, name));
    else if (name.endsWith(".json")) {
      await deps.quarantine.move(join(folder, name), name, "The name is not one of an event");
    } else
      deps.log.warn(
        { file: join(folder, name) },
        "file in the event folder is not ours; left alone",
      );
  }
  return refs.sort();
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
  seen: { refs: Set<string>; keys: Set<string> },
): Promise<string[]> {
  const kept: string[] = [];
  for (const ref of (await listEvents(deps, folder)).reverse()) {
    const key = keyOf(ref);
    if (seen.refs.has(ref)) await deps.files.remove(join(folder, ref));
    else if (seen.keys.has(key)) {
      await deps.quarantine.move(join(folder, ref), ref, "Another event has the same key");
    } else {
      seen.refs.add(ref);
      seen.keys.add(key);
      kept.push(ref);
    }
  }
  return kept.reverse();
}

async function keepNotes({ layout, files }: RecoverDeps, owed: ReadonlySet<string>) {
  const notes = new Set<string>();
  for (const name of await files.list(layout.notes)) {
    if (owed.has(name)) notes.add(name);
    else await files.remove(join(layout.notes, name));
  }
  return notes;
}
