import { asError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";

/** The configuration that is in force: one immutable value, swapped whole by a reload that was understood. */
export interface LiveConfig<C> {
  now(): C;
  /** Mistakes that keep an edit from being in force, one line each; empty again after a good reload. */
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
  /** One line each. */
  readonly onProblem: (mistakes: readonly string[]) => void;
  readonly log: Log;
}

export const NOT_RELOADED = "configuration not reloaded, the old one goes on";

export function createLiveConfig<C>(deps: LiveConfigDeps<C>): LiveConfig<C> {
  let now = deps.initial;
  let mistakes: readonly string[] = [];
  let last: Promise<void> = Promise.resolve();
  /** Of the files that were read last; unknown at first, so that an edit during the start is not missed. */
  let known: string | undefined;

  async function reload(isFirst = false): Promise<void> {
    try {
      now = await deps.load();
      mistakes = [];
      deps.apply(now);
      deps.log[isFirst ? "debug" : "info"]("configuration reloaded");
    } catch (error) {
      const found = asError(error).message.split("\n");
      if (found.join("\n") === mistakes.join("\n")) return;
      mistakes = found;
      deps.log.error({ mistakes }, NOT_RELOADED);
      deps.onProblem(mistakes);
    }
  }

  return {
    now: () => now,
    problems: () => mistakes.map((mistake) => `${NOT_RELOADED}: ${mistake}`),
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
