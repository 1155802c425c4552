import type { Clock } from "../../runtime/clock.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import { createFolderSyncs } from "../../runtime/folder-syncs.ts";
import { createHybridClock } from "../../runtime/hybrid-clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Event } from "../event.ts";
import { createDurableWriter } from "./durable-writer.ts";
import { createDiskHealth } from "./health.ts";
import { createKeySet } from "./key-set.ts";
import { eventLayout, recentNotesPath } from "./layout.ts";
import { createQuarantine } from "./quarantine.ts";
import { createRecentNotes } from "./recent-notes.ts";

export interface Retention {
  /** How long settled events are kept, ms from settling. */
  readonly keepMs: number;
  /** Beyond this many, the oldest go earlier, but never before a day: Telegram may send them again for so long. */
  readonly keepCount: number;
}

export interface FileEventStoreOptions {
  /** The folder `.event/` of a workspace whose lock is held. */
  readonly directory: string;
  readonly retention: Retention;
  readonly files: FileOps;
  readonly clock: Clock;
  readonly log: Log;
}

/** The write of an event, and the failure that everyone shares who waits for it. */
export type Writing = Promise<Error | undefined>;

/** What the store knows; its operations are functions of this. */
export type StoreState = ReturnType<typeof createStoreState>;

export function createStoreState(options: FileEventStoreOptions) {
  const { files, clock, log } = options;
  const layout = eventLayout(options.directory);
  // What these folders hold on disk is not known after a failure, until a probe has passed.
  const published = [layout.inbox, layout.pending, layout.quarantine];
  const folders = createFolderSyncs(files, (folder, error) =>
    disk.failed(error, { refuse: published.includes(folder) }),
  );
  const disk = createDiskHealth({ layout, files, folders, clock, log });
  const writer = createDurableWriter(files, folders);
  const quarantine = createQuarantine({ folder: layout.quarantine, files, writer, log });
  return {
    ...options,
    layout,
    folders,
    writer,
    quarantine,
    disk,
    ids: createHybridClock(clock.now),
    /** Key hashes of everything owed, done or failed. */
    known: createKeySet(),
    /** Keys that are being written: whoever publishes one meanwhile shares the result. */
    writing: new Map<string, Writing>(),
    /** Events whose note has a file of its own: it was synced, and a power cut must not take it. */
    notes: new Set<string>(),
    recentNotes: createRecentNotes({ path: recentNotesPath(layout), files, quarantine }),
    failed: new Set<string>(),
    /** Events that were just written and will be asked for at once: small, few, and each given out once. */
    fresh: new Map<string, Event>(),
    /** Where the file of an owed or dead event is. */
    folderOf: new Map<string, string>(),
  };
}
