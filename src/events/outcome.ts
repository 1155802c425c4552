import type { NewEvent } from "./event.ts";

/**
 * What a handler says is to happen with the event it was given. Handlers never touch files.
 * A handler that throws has met a bug or an unknown: that is a `retry` with the error kept.
 */
export type Outcome =
  /**
   * Handled. `emit` is durable before the event is settled, and goes to its consumers only after that. `beside` makes
   * other things durable, runs beside the writing of `emit`, and may be called again.
   */
  | {
      readonly kind: "done";
      readonly emit?: readonly NewEvent[];
      readonly beside?: () => Promise<void>;
    }
  /** The same event, later. Blocks only its lane. Counted as an attempt unless `counted` is false. */
  | {
      readonly kind: "retry";
      readonly afterMs: number;
      readonly reason: string;
      readonly counted?: boolean;
      /** Noted together with the failure. */
      readonly progress?: Progress;
    }
  /**
   * Nothing was tried: handle it again when `wake(for)` is called, at `until` (UTC ms, may be Infinity), or at the
   * next start, whichever is first. Not an attempt.
   */
  | { readonly kind: "wait"; readonly for: string; readonly until: number }
  /** Given up: kept in `failed/` with the reason. */
  | { readonly kind: "dead"; readonly reason: string; readonly emit?: readonly NewEvent[] };

/** What a handler learns about an event along the way; survives a restart. Merged over what is there already. */
export interface Progress {
  /** How often an operator had it tried again after it was dead. */
  readonly revived?: number | undefined;
  /** An operator had it tried again while it was owed: it is, however old it has become. */
  readonly wanted?: boolean | undefined;
  /** The session in which the turn runs. */
  readonly sessionId?: string | undefined;
  /** There while the event is being worked on: whoever finds it at the next handling knows that the process died. */
  readonly run?: Run | undefined;
  /** How often in a row the process died of it, or beside it, with no step of its turn completed in between. */
  readonly deaths?: number | undefined;
  /** For `/stop`: the ref of the message that it stops, and no other one, should it be handled again. */
  readonly stops?: string | undefined;
  /** It was decided that it is given up: should the process die before it is, the next one goes on with that. */
  readonly givenUp?: GivenUp | undefined;
  /** The parts of an outgoing text: computed once, so that a restart splits it the same way. */
  readonly parts?: readonly string[] | undefined;
  /** Platform message ids of the parts that were confirmed, in order. */
  readonly receipts?: readonly string[] | undefined;
  /** The last send of an unconfirmed part. */
  readonly sending?: Sending | undefined;
}

export interface Run {
  /** Steps of the turn that were complete when it began. */
  readonly steps: number;
  /** Iff it began, and still runs, while no other turn does. */
  readonly alone: boolean;
}

export interface GivenUp {
  /** For the log and the dead letter. */
  readonly reason: string;
  /** For the person. */
  readonly publicText: string;
  /** It may be its text that the process dies of: no later turn is to read it. */
  readonly setAside?: boolean | undefined;
}

export interface Sending {
  /** Index of the part. */
  readonly part: number;
  /** When it was first tried, UTC ms. */
  readonly at: number;
  /** Kernel boot in which this was noted: an unsynced note of another boot may be missing. */
  readonly boot: string;
  /** The platform's id of a message before it, where the history can be searched for what comes behind. */
  readonly after?: string | undefined;
  /** False if it is certain that the platform did not get it. */
  readonly left: boolean;
}

export interface HandleContext {
  /** Aborts when the work must end now: the grace time of a stop is over. */
  readonly signal: AbortSignal;
  /** 1 at the first try; survives restarts. */
  readonly attempt: number;
  /** When the first attempt failed, UTC ms; now if none has. */
  readonly firstAttemptAt: number;
  readonly progress: Progress;
  /** How many events of its lane wait behind it now. */
  behind(): number;
  /** With `sync`, the progress survives a power cut when this resolves; without, only the death of the process. */
  note(progress: Progress, options: { sync: boolean }): Promise<void>;
}

export type Handle<E> = (event: E, context: HandleContext) => Promise<Outcome>;
