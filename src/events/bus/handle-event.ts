import { assertNever } from "../../runtime/assert-never.ts";
import { backoffMs } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";
import { asError, errorMessage } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createSerial } from "../../runtime/serial.ts";
import type { Event, NewEvent } from "../event.ts";
import type { EventStore } from "../event-store.ts";
import { type Note, withFailure } from "../note.ts";
import type { Handle, HandleContext, Outcome, Progress } from "../outcome.ts";

/** What is to happen with the lane when its head was handled. */
export type Handled =
  | { readonly kind: "settled"; readonly as: "done" | "dead" }
  | {
      readonly kind: "park";
      readonly until: number;
      readonly for?: string;
      /** It could not be read, so that the due time in its note is not known. */
      readonly unread?: boolean;
    }
  /** The server stops: the event stays owed, and the next start goes on with it. */
  | { readonly kind: "left" };

export interface HandlerDeps {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Aborts when handlers must end now. */
  readonly abort: AbortSignal;
  /** How many events wait behind this one in its lane. */
  readonly behind: (ref: string) => number;
  /** Publishes what a handler emitted and settles the event; tries again until it is durable. */
  readonly settle: (settling: Settling) => Promise<void>;
}

export interface Settling {
  readonly ref: string;
  readonly event: Event;
  readonly emit: readonly NewEvent[];
  readonly beside?: (() => Promise<void>) | undefined;
  /** The last note of an event that is given up. */
  readonly dead?: Note;
}

interface Claim {
  readonly ref: string;
  /** It has waited for its due time in this process: its note is not asked again. */
  readonly waited: boolean;
}

/** How long to wait when an event or its note cannot be read now. */
const READ_AGAIN_MS = 1000;
const THROWN_BACKOFF = { firstMs: 1000, maxMs: 600_000 };

/** An event that is to be handled now. */
export interface Due {
  readonly kind: "due";
  readonly ref: string;
  readonly event: Event;
  readonly note: Note;
}

/** Reads an event and tells whether it is due. Never rejects. */
export async function lookAt(deps: HandlerDeps, { ref, waited }: Claim): Promise<Due | Handled> {
  try {
    const event = await deps.store.read(ref);
    if (!event) return { kind: "settled", as: "dead" };
    const note = await deps.store.readNote(ref);
    const until = waited ? undefined : dueTime(note, deps.clock.now());
    return until === undefined ? { kind: "due", ref, event, note } : { kind: "park", until };
  } catch (error) {
    return notNow(deps, ref, error);
  }
}

/** Handles an event and makes the outcome durable. Never rejects. */
export async function handleDue(
  deps: HandlerDeps,
  due: Due,
  handle: Handle<Event>,
): Promise<Handled> {
  try {
    return await handleNow(deps, { ...due, handle });
  } catch (error) {
    return notNow(deps, due.ref, error);
  }
}

function notNow({ abort, log, clock }: HandlerDeps, ref: string, error: unknown): Handled {
  if (abort.aborted) return { kind: "left" };
  log.error({ event: ref, err: error }, "cannot handle an event now");
  return { kind: "park", until: clock.now() + READ_AGAIN_MS, unread: true };
}

/** When the event may be tried again, if not now. A clock that was set back makes no wait longer than it was meant. */
function dueTime(note: Note, now: number): number | undefined {
  if (note.dueAt === undefined || note.dueAt <= now) return undefined;
  const failedAt = note.failures.at(-1)?.at ?? now;
  return Math.min(note.dueAt, now + Math.max(note.dueAt - failedAt, 0));
}

interface Work extends Due {
  readonly handle: Handle<Event>;
}

async function handleNow(deps: HandlerDeps, work: Work): Promise<Handled> {
  const now = deps.clock.now();
  const firstAttemptAt = Math.min(work.note.firstAttemptAt ?? now, now);
  // Only a failure that counts starts the clock: waiting for a channel, or dying in the middle, is no attempt.
  let { note } = work;
  const serial = createSerial();
  const context: HandleContext = {
    signal: deps.abort,
    attempt: note.attempts + 1,
    firstAttemptAt,
    progress: note.progress,
    behind: () => deps.behind(work.ref),
    note(progress: Progress, { sync }) {
      note = { ...note, progress: { ...note.progress, ...progress } };
      // One after another: an older form must not come to lie over a newer one.
      return serial(() => deps.store.writeNote(work.ref, note, { sync }));
    },
  };
  const { id, key, type } = work.event;
  deps.log.info({ event: id, key, type, attempt: context.attempt }, "started");
  const outcome = await callHandler(deps, work, context);
  // The last of them has been written, whoever waited for it.
  await serial(async () => {});
  if (outcome === "interrupted") return { kind: "left" };
  return applyOutcome(deps, work, { outcome, note: () => note });
}

async function callHandler(
  deps: HandlerDeps,
  { event, handle }: Work,
  context: HandleContext,
): Promise<Outcome | "interrupted"> {
  try {
    return await handle(event, context);
  } catch (thrown) {
    if (deps.abort.aborted) return "interrupted";
    deps.log.error({ event: event.id, key: event.key, err: asError(thrown) }, "handler failed");
    const afterMs = backoffMs(context.attempt, { ...THROWN_BACKOFF, random: deps.random });
    return { kind: "retry", afterMs, reason: errorMessage(thrown) };
  }
}

async function applyOutcome(
  deps: HandlerDeps,
  { ref, event }: Work,
  { outcome, note }: { outcome: Outcome; note: () => Note },
): Promise<Handled> {
  switch (outcome.kind) {
    case "wait":
      return { kind: "park", until: outcome.until, for: outcome.for };
    case "retry":
      return { kind: "park", until: await noteRetry(deps, event, { ref, note: note(), outcome }) };
    case "dead": {
      const dead = { at: deps.clock.now(), reason: outcome.reason };
      const lastNote = { ...withFailure(note(), dead), dead };
      await deps.settle({ ref, event, emit: outcome.emit ?? [], dead: lastNote });
      deps.log.error({ event: event.id, key: event.key, reason: outcome.reason }, "dead letter");
      return { kind: "settled", as: "dead" };
    }
    case "done":
      await deps.settle({ ref, event, emit: outcome.emit ?? [], beside: outcome.beside });
      deps.log.info({ event: event.id, key: event.key }, "done");
      return { kind: "settled", as: "done" };
    default:
      return assertNever(outcome);
  }
}

interface Retry {
  readonly ref: string;
  readonly note: Note;
  readonly outcome: Extract<Outcome, { kind: "retry" }>;
}

/** Notes the failure and resolves with the time of the next attempt. */
async function noteRetry(deps: HandlerDeps, event: Event, { ref, note, outcome }: Retry) {
  const now = deps.clock.now();
  const dueAt = now + outcome.afterMs;
  const { reason, counted, progress } = outcome;
  // A clock that was set back begins the time until giving up anew, lest it never ends.
  const since = note.firstAttemptAt ?? (counted === false ? undefined : now);
  const firstAttemptAt = since && Math.min(since, now);
  const learned = { ...note, firstAttemptAt, progress: { ...note.progress, ...progress } };
  const failed = { ...withFailure(learned, { at: now, reason }, counted), dueAt };
  const { id, key } = event;
  deps.log.warn(
    { event: id, key, attempts: failed.attempts, afterMs: outcome.afterMs, reason },
    "retry later",
  );
  try {
    await deps.store.writeNote(ref, failed, { sync: false });
  } catch (error) {
    // The wait itself holds in this process; only a restart would try earlier, and count one attempt less.
    deps.log.error({ event: event.id, err: error }, "cannot note a failed attempt");
  }
  return dueAt;
}
