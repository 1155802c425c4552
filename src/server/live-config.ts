import { errorMessage } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";

/** The configuration that is in force: one immutable value, swapped whole by a reload that was understood. */
export interface LiveConfig<C> {
  now(): C;
  /** Mistakes that keep an edit from being in force; empty again after a good reload. */
  problems(): readonly string[];
  /** Reads it again. A configuration with mistakes changes nothing and is reported. Never rejects. */
  reload(): Promise<void>;
  /**
   * Reads it again if its files are not those that were read last: what decides who is let in asks this first, so that
   * an edit counts at the next message, whenever the watcher notices it. Never rejects.
   */
  upToDate(): Promise<void>;
}

export interface LiveConfigDeps<C> {
  readonly initial: C;
  readonly load: () => Promise<C>;
  /** A text that differs when the files do; cheap. */
  readonly signature: () => Promise<string>;
  readonly apply: (config: C) => void;
  readonly onProblem: (problem: string) => void;
  readonly log: Log;
}

export function createLiveConfig<C>(deps: LiveConfigDeps<C>): LiveConfig<C> {
  let now = deps.initial;
  let problem: string | undefined;
  let last: Promise<void> = Promise.resolve();
  /** Of the files that were read last; unknown at first, so that an edit during the start is not missed. */
  let known: string | undefined;

  async function reload(isFirst = false): Promise<void> {
    try {
      now = await deps.load();
      problem = undefined;
      deps.apply(now);
      deps.log[isFirst ? "debug" : "info"]("configuration reloaded");
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
    async upToDate() {
      const signature = await deps.signature();
      if (signature === known) return last;
      const isFirst = known === undefined;
      known = signature;
      last = last.then(() => reload(isFirst));
      return last;
    },
    reload() {
      // One after the other, so that the last edit wins.
      last = last.then(() => reload());
      return last;
    },
  };
}
