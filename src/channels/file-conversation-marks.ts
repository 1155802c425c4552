import { dirname } from "node:path";
import * as z from "zod";
import type { Clock } from "../runtime/clock.ts";
import { errorCode, errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import type { ConversationMarks } from "./conversation-marks.ts";

export interface FileMarksDeps {
  readonly files: FileOps;
  readonly clock: Clock;
  readonly log: Log;
}

export interface FileConversationMarks extends ConversationMarks {
  /** Writes what is unwritten, and leaves no timer. What is set afterwards is written like before. */
  close(): Promise<void>;
}

const WRITE_AFTER_MS = 1_000;

const fileSchema = z.object({ v: z.literal(1), marks: z.record(z.string(), z.string()) });

/**
 * One JSON file, replaced as a whole about a second after a change and not synced: a mark may lag. One that cannot be
 * read is set aside as `<path>.broken-<time>`; rejects if that is not possible either, since it must not be overwritten.
 */
export async function openFileConversationMarks(
  path: string,
  deps: FileMarksDeps,
): Promise<FileConversationMarks> {
  await deps.files.makeDirectory(dirname(path));
  const marks = await readMarks(path, deps);
  let closing = new AbortController();
  let dirty = false;
  let waiting: Promise<void> | undefined;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (!dirty) return;
    dirty = false;
    const text = `${JSON.stringify({ v: 1, marks: Object.fromEntries(marks) }, undefined, 2)}\n`;
    try {
      await deps.files.replace(path, text, { sync: true });
    } catch (error) {
      deps.log.warn({ path, reason: errorMessage(error) }, "cannot write the conversation marks");
      changed();
    }
  }

  /** One after another, so that an older state never replaces a newer one. */
  function flush(): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  async function writeLater(): Promise<void> {
    try {
      await deps.clock.sleep(WRITE_AFTER_MS, closing.signal);
    } catch {
      // Closed meanwhile, and closing writes; the clock's sleep fails for nothing else.
    }
    waiting = undefined;
    await flush();
  }

  function changed(): void {
    dirty = true;
    if (!closing.signal.aborted) waiting ??= writeLater();
  }

  return {
    get: (conversation) => marks.get(conversation),
    set(conversation, messageId) {
      if (marks.get(conversation) === messageId) return;
      marks.set(conversation, messageId);
      changed();
    },
    delete(conversation) {
      if (marks.delete(conversation)) changed();
    },
    entries: () => [...marks],
    flush,
    async close() {
      closing.abort();
      await waiting;
      await flush();
      closing = new AbortController();
    },
  };
}

async function readMarks(path: string, deps: FileMarksDeps): Promise<Map<string, string>> {
  try {
    const parsed = fileSchema.parse(JSON.parse(await deps.files.read(path)));
    return new Map(Object.entries(parsed.marks));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") await setAside(path, error, deps);
    return new Map();
  }
}

async function setAside(
  path: string,
  reason: unknown,
  { files, clock, log }: FileMarksDeps,
): Promise<void> {
  const time = new Date(clock.now()).toISOString().replace(/[:.]/g, "-");
  const aside = `${path}.broken-${time}`;
  await files.rename(path, aside);
  log.error(
    { path, aside, reason: errorMessage(reason) },
    "conversation marks cannot be read: set aside; what was written while the server was down may be missed",
  );
}
