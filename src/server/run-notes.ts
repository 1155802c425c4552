import type { HandleContext, Outcome, Progress } from "../events/outcome.ts";
import type { Log } from "../runtime/log.ts";

/**
 * Tells the death of the process from every other end of a run: an event's note says that it runs for exactly as long
 * as it does. Unsynced, because only the death of the process counts; with the note of the session that is written
 * anyway it costs nothing more.
 */
export interface RunNotes {
  /** A run that is to begin. `steps` of its turn are complete. */
  prepare(context: HandleContext, steps: number): Run;
  /** The process is about to end on purpose: from now on its end is nobody's death, however it comes. */
  stopping(): void;
}

export interface Run {
  /** Does the work while the note says so, and takes that back if it ends without a result. */
  during(begin: RunBegin, work: () => Promise<Outcome>): Promise<Outcome>;
  /** Notes that others run beside it from now on. Never rejects. */
  share(): Promise<void>;
}

export interface RunBegin {
  readonly deaths: number;
  readonly alone: boolean;
  readonly sessionId?: string | undefined;
}

const ENDED: Progress = { run: undefined, deaths: undefined };

export function createRunNotes(log: Log): RunNotes {
  /** What notes how a run is now. */
  const live = new Set<() => Promise<void>>();
  let isStopping = false;

  async function tryNote(context: HandleContext, progress: Progress): Promise<void> {
    try {
      await context.note(progress, { sync: false });
    } catch (error) {
      log.error({ err: error }, "cannot note how a turn runs");
    }
  }

  return {
    prepare(context, steps) {
      let alone = false;
      const now = (): Progress => ({ run: isStopping ? undefined : { steps, alone } });
      const update = async () => {
        if (live.has(update)) await tryNote(context, now());
      };
      return {
        async during({ deaths, sessionId, ...begin }, work) {
          alone = begin.alone;
          live.add(update);
          const noted = { ...now(), deaths: deaths || undefined, sessionId };
          try {
            await context.note(noted, { sync: false });
            return withoutRun(await work());
          } catch (error) {
            live.delete(update);
            await tryNote(context, ENDED);
            throw error;
          } finally {
            live.delete(update);
          }
        },
        share() {
          alone = false;
          return update();
        },
      };
    },
    stopping() {
      isStopping = true;
      for (const update of live) void update();
    },
  };
}

/** A run that ended inside the process breaks the row of deaths. */
function withoutRun(outcome: Outcome): Outcome {
  if (outcome.kind !== "retry") return outcome;
  return { ...outcome, progress: { ...outcome.progress, ...ENDED } };
}
