import { createSerial, type Serial } from "../runtime/serial.ts";
import type { LineFile } from "./line-file.ts";

/** The sessions' files, as far as they are known: those in use, and those used last. */
export interface Transcripts<T> {
  /**
   * Tasks on one session's file run one after another, which also orders what they do to the cache. Rejects if the file
   * cannot be opened.
   */
  use<R>(sessionId: string, task: (file: LineFile<T>) => Promise<R>): Promise<R>;
  size(): number;
}

interface Transcript<T> {
  readonly file: LineFile<T>;
  readonly serial: Serial;
  users: number;
}

interface TranscriptsDeps<T> {
  readonly max: number;
  readonly open: (sessionId: string) => LineFile<T>;
}

export function createTranscripts<T>({ max, open }: TranscriptsDeps<T>): Transcripts<T> {
  /** Used longest ago first. */
  const known = new Map<string, Transcript<T>>();

  function take(sessionId: string): Transcript<T> {
    const transcript = known.get(sessionId) ?? {
      ...{ file: open(sessionId), serial: createSerial(), users: 0 },
    };
    known.delete(sessionId);
    known.set(sessionId, transcript);
    return transcript;
  }

  function forgetOldest(): void {
    for (const [sessionId, { users, file }] of known) {
      if (known.size <= max) return;
      if (users === 0 && file.isForgettable()) known.delete(sessionId);
    }
  }

  return {
    async use(sessionId, task) {
      const transcript = take(sessionId);
      transcript.users += 1;
      try {
        return await transcript.serial(() => task(transcript.file));
      } finally {
        transcript.users -= 1;
        forgetOldest();
      }
    },
    size: () => known.size,
  };
}
