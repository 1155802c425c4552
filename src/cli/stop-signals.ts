import { type Clock, pause } from "../runtime/clock.ts";
import { UserError } from "../runtime/errors.ts";

/**
 * How the process is asked to end, in steps: 1 `stop` (finish what is running; after the grace time as 2), 2 `abort`
 * (at once; what was running is taken up by the next start), 3 the process exits, whatever happens.
 */
export interface StopSignals {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** The next step. */
  next(): void;
  /** Listens to SIGTERM and SIGINT no more. */
  dispose(): void;
}

/** Service managers and containers kill after 10 s. */
const GRACE_MS = 8_000;
const EXIT_FORCED = 130;

export function createStopSignals(
  clock: Clock,
  onStop: (step: "stop" | "abort") => void,
): StopSignals {
  const stop = new AbortController();
  const abort = new AbortController();
  const over = new AbortController();
  const next = () => {
    if (abort.signal.aborted) process.exit(EXIT_FORCED);
    if (stop.signal.aborted) {
      onStop("abort");
      abort.abort();
      return;
    }
    onStop("stop");
    stop.abort(new UserError("Stopped before the start was complete"));
    void pause(clock, GRACE_MS, AbortSignal.any([abort.signal, over.signal])).then(() =>
      abort.abort(),
    );
  };
  const signals = ["SIGTERM", "SIGINT"] as const;
  for (const signal of signals) process.on(signal, next);
  return {
    stop: stop.signal,
    abort: abort.signal,
    next,
    dispose() {
      over.abort();
      for (const signal of signals) process.removeListener(signal, next);
    },
  };
}
