import type { EventStore, OpenedStore } from "../../src/events/event-store.ts";
import { createFileEventStore } from "../../src/events/file-store/file-event-store.ts";
import { type EventLayout, eventLayout } from "../../src/events/file-store/layout.ts";
import { type FileOps, nodeFileOps } from "../../src/runtime/file-ops.ts";
import type { Log } from "../../src/runtime/log.ts";
import { createManualClock, type ManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog, type LogEntry } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";
import { createFaultyFiles, type FaultyFiles } from "../fakes/faulty-files.ts";
import { createRecordingFiles, DISK_ROOT } from "../fakes/recording-files.ts";

const HOUR = 3_600_000;

/** A disk with faults to order, and the file store over it. */
export interface StoreSetUp {
  readonly clock: ManualClock;
  readonly files: FaultyFiles;
  readonly layout: EventLayout;
  readonly log: readonly LogEntry[];
  readonly logger: Log;
  /** The store of a process that starts now; the one before it is not to be used any more. */
  start(): EventStore;
  /** The same, opened. */
  opened(): Promise<EventStore & { readonly owed: OpenedStore["owed"] }>;
}

export interface StoreSetUpOptions {
  readonly disk: FileOps;
  readonly directory: string;
  readonly clock?: ManualClock;
  readonly keepMs?: number;
  readonly keepCount?: number;
}

export function setUpStore(options: StoreSetUpOptions): StoreSetUp {
  const { disk, directory, keepMs = 48 * HOUR, keepCount = 100_000 } = options;
  // A real disk has the real time.
  const clock = options.clock ?? createManualClock(Date.now());
  const files = createFaultyFiles(disk);
  const { log, entries } = createRecordingLog();
  const retention = { keepMs, keepCount };
  const start = () => createFileEventStore({ directory, retention, files, clock, log });
  return {
    clock,
    files,
    layout: eventLayout(directory),
    log: entries,
    logger: log,
    start,
    async opened() {
      const store = start();
      const { owed } = await store.open();
      return { ...store, owed };
    },
  };
}

type Retention = Pick<StoreSetUpOptions, "keepMs" | "keepCount">;

/** Over a folder of this machine's disk. */
export async function storeOnDisk(retention: Retention = {}): Promise<StoreSetUp> {
  return setUpStore({ disk: nodeFileOps, directory: `${await tempFolder()}/.event`, ...retention });
}

export const EVENT_FOLDER = `${DISK_ROOT}/.event`;

/** Over a disk in memory. */
export function storeInMemory(retention: Retention = {}): StoreSetUp {
  const clock = createManualClock();
  const disk = createRecordingFiles({ now: clock.now });
  return setUpStore({ disk, directory: EVENT_FOLDER, clock, ...retention });
}

/** Refs of what was stored; fails the test if anything was not. */
export async function publishAll(
  store: EventStore,
  events: Parameters<EventStore["publish"]>[0],
): Promise<string[]> {
  const { stored, error } = await store.publish(events);
  if (error) throw error;
  return stored.map(({ ref }) => ref);
}

/** The only one of a list; fails the test if there are none or several. */
export function only<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined || items.length !== 1) throw new Error(`${items.length} instead of one`);
  return first;
}
