import { aborted, type Worker } from "./worker.ts";

export interface ConfigWorkerDeps {
  /** Begins to watch; `onChange` must not reject. */
  readonly watch: (onChange: () => Promise<void>) => Promise<{ close(): Promise<void> }>;
  readonly reload: () => Promise<void>;
  readonly upToDate: () => Promise<void>;
}

/** Puts edits of the configuration in force while the server runs. */
export function createConfigWorker(deps: ConfigWorkerDeps): Worker {
  return {
    name: "ConfigWorker",
    async run(signal) {
      const watcher = await deps.watch(deps.reload);
      // What was edited between the first reading and the watch.
      await deps.upToDate();
      await aborted(signal);
      await watcher.close();
    },
  };
}
