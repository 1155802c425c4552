import * as z from "zod";
import type { Progress } from "./outcome.ts";

/** What was learned about an owed or dead event; kept beside it, because an event's own file is never rewritten. */
export interface Note {
  readonly v: 1;
  /** Attempts that failed. */
  readonly attempts: number;
  /** UTC ms. */
  readonly firstAttemptAt?: number | undefined;
  /** Not before this time (UTC ms). */
  readonly dueAt?: number | undefined;
  /** Each attempt that failed, oldest first; the last ones if there were very many. */
  readonly failures: readonly Failure[];
  /** Why it was given up, and when. */
  readonly dead?: Failure | undefined;
  readonly progress: Progress;
}

export interface Failure {
  readonly at: number;
  readonly reason: string;
}

export const EMPTY_NOTE: Note = { v: 1, attempts: 0, failures: [], progress: {} };

/** More than a day has at the longest wait between two, so that each attempt's time and reason is kept. */
const MAX_FAILURES = 250;

/** The note after one more failed attempt; one that does not count is kept all the same. */
export function withFailure(note: Note, failure: Failure, counted = true): Note {
  const failures = [...note.failures, failure].slice(-MAX_FAILURES);
  return { ...note, attempts: note.attempts + (counted ? 1 : 0), failures };
}

/** The note of an event that is owed again by an operator's wish: what it learned, the old reasons, and a clean slate. */
export function revivedNote({ progress, failures }: Note): Note {
  const revived = (progress.revived ?? 0) + 1;
  const clean = { run: undefined, deaths: undefined, givenUp: undefined };
  return { ...EMPTY_NOTE, failures, progress: { ...progress, ...clean, revived } };
}

const failureSchema = z.object({ at: z.number(), reason: z.string() });
const sendingSchema = z.object({
  part: z.number().int(),
  at: z.number(),
  boot: z.string(),
  after: z.string().optional(),
  left: z.boolean(),
});
const givenUpSchema = z.object({
  reason: z.string(),
  publicText: z.string(),
  setAside: z.boolean().optional(),
});
export const noteSchema: z.ZodType<Note> = z.object({
  v: z.literal(1),
  attempts: z.number().int(),
  firstAttemptAt: z.number().optional(),
  dueAt: z.number().optional(),
  failures: z.array(failureSchema),
  dead: failureSchema.optional(),
  progress: z.object({
    revived: z.number().int().optional(),
    wanted: z.boolean().optional(),
    sessionId: z.string().optional(),
    run: z.object({ steps: z.number().int(), alone: z.boolean() }).optional(),
    deaths: z.number().int().optional(),
    stops: z.string().optional(),
    givenUp: givenUpSchema.optional(),
    parts: z.array(z.string()).optional(),
    receipts: z.array(z.string()).optional(),
    sending: sendingSchema.optional(),
  }),
});

/** Throws on anything that is not a note of this version. */
export const parseNote = (text: string): Note => noteSchema.parse(JSON.parse(text));

export const printNote = (note: Note) => `${JSON.stringify(note, undefined, 2)}\n`;
