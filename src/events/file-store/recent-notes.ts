import type { FileOps } from "../../runtime/file-ops.ts";
import { readIfThere } from "../../runtime/read-if-there.ts";
import { createSerial } from "../../runtime/serial.ts";
import { isEventFileName } from "../event-name.ts";
import { type Note, parseNote } from "../note.ts";
import { writeAll } from "./durable-writer.ts";
import type { Quarantine } from "./quarantine.ts";

/**
 * Notes that only have to survive the death of the process, as lines at the end of one file: `<ref> <note as JSON>`, of
 * which the last of an event counts. A file for each, made and soon removed, would be most of what a message costs the
 * disk. The lines that count are in memory too, until their events are settled.
 */
export interface RecentNotes {
  /** Takes up what the last process wrote about these events, and leaves no other lines in the file. */
  open(wanted: (ref: string) => boolean): Promise<void>;
  read(ref: string): Note | undefined;
  /** If it rejects, the note is as it was. */
  write(ref: string, note: Note): Promise<void>;
  /** Writes nothing: the next start leaves out a line whose event is settled. */
  drop(ref: string): void;
}

interface RecentNotesDeps {
  readonly path: string;
  readonly files: FileOps;
  readonly quarantine: Quarantine;
}

/** The file grows to so many characters, and to twice those that count, before it is written anew. */
const SMALL_FILE = 1_000_000;

export function createRecentNotes({ path, files, quarantine }: RecentNotesDeps): RecentNotes {
  const serial = createSerial();
  const lines = new Map<string, string>();
  /** Characters of the lines that count, and of the file. */
  let counting = 0;
  let size = 0;
  /** The end of the file may be a part of a line. */
  let torn = false;

  function set(ref: string, line: string | undefined): void {
    counting += (line?.length ?? 0) - (lines.get(ref)?.length ?? 0);
    if (line === undefined) lines.delete(ref);
    else lines.set(ref, line);
  }

  async function writeAnew(): Promise<void> {
    await files.replace(path, [...lines.values()].join(""), { sync: false });
    size = counting;
    torn = false;
  }

  async function append(line: string): Promise<void> {
    if (torn || size > Math.max(SMALL_FILE, 2 * counting)) await writeAnew();
    const file = await files.openAppend(path);
    try {
      torn = true;
      await writeAll(file, Buffer.from(line));
      torn = false;
      size += line.length;
    } finally {
      await file.close();
    }
  }

  return {
    async open(wanted) {
      const found = scanLines((await readIfThere(files, path)) ?? "");
      for (const [ref, line] of found.lines) if (wanted(ref)) set(ref, line);
      if (found.damaged) await quarantine.move(path, "recent-notes", "A line of it is not a note");
      if (lines.size > 0) await writeAnew();
      else await files.remove(path);
    },
    read(ref) {
      const line = lines.get(ref);
      return line === undefined ? undefined : noteOf(line);
    },
    write: (ref, note) =>
      serial(async () => {
        const line = `${ref} ${JSON.stringify(note)}\n`;
        await append(line);
        set(ref, line);
      }),
    drop: (ref) => set(ref, undefined),
  };
}

/** For whoever only looks: what the file says of an event. */
export async function readRecentNotes(
  files: Pick<FileOps, "read">,
  path: string,
): Promise<(ref: string) => Note | undefined> {
  const { lines } = scanLines((await readIfThere(files, path)) ?? "");
  return (ref) => {
    const line = lines.get(ref);
    return line === undefined ? undefined : noteOf(line);
  };
}

interface Scan {
  /** The last line of each event, with its newline. */
  readonly lines: ReadonlyMap<string, string>;
  /** What is not a line is followed by one that is. At the end of the file it only means that a write was cut off. */
  readonly damaged: boolean;
}

function scanLines(text: string): Scan {
  const lines = new Map<string, string>();
  let odd = false;
  let damaged = false;
  for (const line of text.split("\n").slice(0, -1)) {
    const isNote = isNoteLine(line);
    damaged ||= odd && isNote;
    odd ||= !isNote;
    if (isNote) lines.set(refOf(line), `${line}\n`);
  }
  return { lines, damaged };
}

const refOf = (line: string) => line.slice(0, line.indexOf(" "));

const noteOf = (line: string) => parseNote(line.slice(line.indexOf(" ")));

function isNoteLine(line: string): boolean {
  try {
    noteOf(line);
    return isEventFileName(refOf(line));
  } catch {
    // The file is set aside with the reason, unless this is its end.
    return false;
  }
}
