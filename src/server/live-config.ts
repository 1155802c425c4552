import { errorMessage } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";

/** The configuration that is in force: one immutable value, swapped whole by a reload that was understood. */
export interface LiveConfig<C> {
  now(): C;
  /** Mistakes that keep an edit from being in force; empty again after a good reload. */
  problems(): readonly string[];
  /** Reads it again. A configuration with mistakes changes nothing and is reported. Never rejects. */
  reload(): Promise<void>;
}

export interface LiveConfigDeps<C> {
  readonly initial: C;
  readonly load: () => Promise<C>;
  readonly apply: (config: C) => void;
  readonly onProblem: (problem: string) => void;
  readonly log: Log;
}

export function createLiveConfig<C>(deps: LiveConfigDeps<C>): LiveConfig<C> {
  let now = deps.initial;
  let problem: string | undefined;
  let last: Promise<void> = Promise.resolve();

  async function reload(): Promise<void> {
    try {
      now = await deps.load();
      problem = undefined;
      deps.apply(now);
      deps.log.info("configuration reloaded");
    } catch (error) {
      const found = `configuration not reloaded, the old one goes on: ${errorMessage(error)}`;
      if (found === problem) return;
      problem = found;
      deps.log.error(
        { reason: errorMessage(error) },
        "configuration not reloaded, the old one goes on",
      );
      deps.onProblem(found);
    }
  }

  return {
    now: () => now,
    problems: () => (problem === undefined ? [] : [problem]),
    reload() {
      // One after the other, so that the last edit wins.
      last = last.then(reload);
      return last;
    },
  };
}
