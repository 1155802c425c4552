import type { Agent } from "../agents/agent.ts";
import { STOPPED } from "../agents/turn.ts";

/** The turns that are running, so that a person can stop theirs, and an agent runs no more than it may. */
export interface RunningTurns {
  /**
   * Begins a turn; undefined if the agent runs as many as its `max_concurrency` allows. Its signal aborts when the
   * person stops it, and when `signal` does. One turn a source at a time; `end` must be called.
   */
  begin(source: string, agent: Agent, signal: AbortSignal): RunningTurn | undefined;
  /** False if no turn of this source was running. */
  stop(source: string): boolean;
}

export interface RunningTurn {
  readonly signal: AbortSignal;
  end(): void;
}

export function createRunningTurns(): RunningTurns {
  const running = new Map<
    string,
    { readonly agentId: string; readonly controller: AbortController }
  >();
  const countOf = (id: string) =>
    [...running.values()].filter(({ agentId }) => agentId === id).length;
  return {
    begin(source, { id: agentId, maxConcurrency }, signal) {
      if (maxConcurrency !== undefined && countOf(agentId) >= maxConcurrency) return undefined;
      const controller = new AbortController();
      running.set(source, { agentId, controller });
      // Not AbortSignal.any: on Node 20 each use leaves something behind on a signal that lives as long as the server.
      const onAbort = () => controller.abort(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      return {
        signal: controller.signal,
        end() {
          signal.removeEventListener("abort", onAbort);
          running.delete(source);
        },
      };
    },
    stop(source) {
      const turn = running.get(source);
      turn?.controller.abort(STOPPED);
      return turn !== undefined;
    },
  };
}
