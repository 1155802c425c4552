import { join } from "node:path";
import { type Event, parseEvent } from "../../events/event.ts";
import { parseEventFileName } from "../../events/event-name.ts";
import { type EventLayout, eventLayout, recentNotesPath } from "../../events/file-store/layout.ts";
import { readRecentNotes } from "../../events/file-store/recent-notes.ts";
import { EMPTY_NOTE, type Note, parseNote } from "../../events/note.ts";
import { errorMessage, UserError } from "../../runtime/errors.ts";
import type { FileOps } from "../../runtime/file-ops.ts";
import { idTime } from "../../runtime/hybrid-clock.ts";
import { readIfThere } from "../../runtime/read-if-there.ts";

/** An event that is owed or dead. Times are UTC ms. */
export interface OutboxEntry {
  /** Names the event for its whole life. */
  readonly ref: string;
  readonly state: "owed" | "dead";
  /** `inbox`: a message that is owed an answer; `outbox`: a text that is owed to a conversation. */
  readonly box: "inbox" | "outbox";
  readonly acceptedAt: number;
  readonly attempts: number;
  readonly dueAt?: number | undefined;
  /** Why it was given up, or why its last attempt failed. */
  readonly reason?: string | undefined;
  readonly channel?: string | undefined;
  readonly chat?: string | undefined;
  readonly text?: string | undefined;
}

export interface OutboxDetails extends OutboxEntry {
  readonly event?: Event | undefined;
  readonly note: Note;
}

export interface Outbox {
  /** Everything that is there, and its first entries: a backlog of 100,000 is counted, not printed. */
  readonly total: number;
  readonly entries: readonly OutboxEntry[];
}

interface Place {
  readonly ref: string;
  readonly state: OutboxEntry["state"];
  readonly folder: string;
}

export interface OutboxFiles {
  /** What is owed and what was given up, oldest first. Of very many, what was given up comes first. */
  list(): Promise<Outbox>;
  /** Those of these dead letters that are still there. */
  dead(refs: readonly string[]): Promise<readonly OutboxEntry[]>;
  /** Rejects with a UserError unless exactly one event's name begins like this. */
  find(start: string): Promise<OutboxDetails>;
}

const MAX_ENTRIES = 1000;

/**
 * Looks at the events' files and changes nothing, whether a server runs or not. It does not ask the store: that would
 * set aside what cannot be read, and would take an event that is settled meanwhile for a lost one.
 */
export function readOutboxFiles(
  directory: string,
  files: Pick<FileOps, "list" | "read">,
): OutboxFiles {
  const layout = eventLayout(directory);

  async function places(): Promise<readonly Place[]> {
    const folders = [
      { folder: layout.inbox, state: "owed" },
      { folder: layout.pending, state: "owed" },
      { folder: layout.failed, state: "dead" },
    ] as const;
    const found = folders.map(async ({ folder, state }) => {
      const names = await files.list(folder);
      return names.filter(parseEventFileName).map((ref): Place => ({ ref, state, folder }));
    });
    return (await Promise.all(found)).flat().sort((a, b) => (a.ref < b.ref ? -1 : 1));
  }

  return {
    async list() {
      const all = await places();
      const read = await entryReader(files, layout);
      const entries: OutboxEntry[] = [];
      for (const place of firstOf(all)) {
        const details = await read(place);
        if (details) entries.push(summary(details));
      }
      return { total: all.length, entries };
    },
    async dead(refs) {
      const read = await entryReader(files, layout);
      const found = refs.map((ref) => read({ ref, state: "dead", folder: layout.failed }));
      return (await Promise.all(found)).flatMap((details) => (details ? [summary(details)] : []));
    },
    async find(start) {
      const found = start === "" ? [] : (await places()).filter(({ ref }) => ref.startsWith(start));
      const [place] = found;
      if (!place) throw new UserError(`Cannot find "${start}" among what is owed or dead`);
      if (found.length > 1) {
        throw new UserError(`Cannot tell which one "${start}" is: ${found.length} begin like this`);
      }
      const details = await (await entryReader(files, layout))(place);
      if (!details) throw new UserError(`Cannot find "${start}": it has just been settled`);
      return details;
    },
  };
}

/** A backlog must not hide what was given up. */
function firstOf(places: readonly Place[]): readonly Place[] {
  const dead = places.filter(({ state }) => state === "dead").slice(0, MAX_ENTRIES);
  const owed = places.filter(({ state }) => state === "owed").slice(0, MAX_ENTRIES - dead.length);
  const shown = new Set([...dead, ...owed]);
  return places.filter((place) => shown.has(place));
}

type ReadEntry = (place: Place) => Promise<OutboxDetails | undefined>;

async function entryReader(
  files: Pick<FileOps, "read">,
  layout: Pick<EventLayout, "notes">,
): Promise<ReadEntry> {
  const recent = await readRecentNotes(files, recentNotesPath(layout));
  const noteOf = async (ref: string) => {
    const text = await readIfThere(files, join(layout.notes, ref));
    if (text === undefined) return recent(ref);
    return understood(() => parseNote(text)).value;
  };
  return async (place) => {
    const text = await readIfThere(files, join(place.folder, place.ref));
    // Undefined if it is not there any more.
    return text === undefined ? undefined : details(place, text, await noteOf(place.ref));
  };
}

function details({ ref, state }: Place, text: string, note = EMPTY_NOTE): OutboxDetails {
  const { value: event, reason: unreadable } = understood(() => parseEvent(text));
  return {
    ref,
    state,
    box: event?.type === "InboundEvent" ? "inbox" : "outbox",
    acceptedAt: idTime(parseEventFileName(ref)?.id ?? "0"),
    attempts: note.attempts,
    dueAt: state === "owed" ? note.dueAt : undefined,
    reason: unreadable ?? note.dead?.reason ?? note.failures.at(-1)?.reason,
    channel: event?.channel,
    chat: event?.address.chat,
    text: event?.content,
    event,
    note,
  };
}

/** What cannot be understood is shown as such: the server sets it aside when its turn comes. */
function understood<T>(parse: () => T): { readonly value?: T; readonly reason?: string } {
  try {
    return { value: parse() };
  } catch (error) {
    return { reason: errorMessage(error) };
  }
}

function summary({ event: _, note: __, ...entry }: OutboxDetails): OutboxEntry {
  return entry;
}
