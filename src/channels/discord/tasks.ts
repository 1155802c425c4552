import { errorMessage } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";

/** Work beside the connection that nobody waits for, except at the end. */
export interface Tasks {
  /** A failure is logged. */
  start(task: () => Promise<void>): void;
  settled(): Promise<void>;
}

export function createTasks({ log }: { readonly log: Log }): Tasks {
  const running = new Set<Promise<void>>();

  async function run(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      log.error({ reason: errorMessage(error) }, "a task of the Discord channel failed");
    }
  }

  return {
    start(task) {
      const promise = run(task).finally(() => running.delete(promise));
      running.add(promise);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
