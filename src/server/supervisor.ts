import { backoffMs } from "../runtime/backoff.ts";
import { type Clock, pause } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { aborted, type Worker } from "./worker.ts";

/** A crash is answered by a restart as long as there are few of them; after that the process had better end. */
export interface RestartBudget {
  readonly restarts: number;
  readonly withinMs: number;
}

export interface SupervisorDeps {
  /** Started in this order, each phase after the one before; stopped one worker at a time in reverse. */
  readonly phases: readonly Phase[];
  readonly budget: RestartBudget;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

export interface Phase {
  readonly name: "BUS" | "SERVICES" | "CHANNELS";
  readonly workers: readonly Worker[];
  /** Resolves when the next phase may start. */
  readonly ready?: () => Promise<void>;
}

const RESTART_BACKOFF = { firstMs: 100, maxMs: 5000 };

interface Running {
  readonly worker: Worker;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/**
 * Runs the workers until `stop` aborts, then stops them in reverse and resolves. Rejects when one worker has used up
 * its restarts (after the others were stopped): the service manager takes over.
 */
export async function supervise(deps: SupervisorDeps, stop: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const ending = AbortSignal.any([stop, failed.signal]);
  const running: Running[] = [];
  for (const phase of deps.phases) {
    if (ending.aborted) break;
    deps.log.debug({ phase: phase.name }, "phase starts");
    for (const worker of phase.workers) running.push(start(deps, worker, failed));
    await Promise.race([phase.ready?.(), aborted(ending)]);
  }
  await aborted(ending);
  for (const { worker, stop: stopWorker, ended } of running.reverse()) {
    deps.log.debug({ worker: worker.name }, "worker stops");
    stopWorker.abort();
    await ended;
  }
  failed.signal.throwIfAborted();
}

function start(deps: SupervisorDeps, worker: Worker, failed: AbortController): Running {
  const stop = new AbortController();
  const ended = keepRunning(deps, worker, stop.signal).catch((error) => failed.abort(error));
  return { worker, stop, ended };
}

async function keepRunning(deps: SupervisorDeps, worker: Worker, signal: AbortSignal) {
  const crashes: number[] = [];
  while (!signal.aborted) {
    const error = await runOnce(worker, signal);
    if (!error) return;
    const now = deps.clock.now();
    crashes.push(now);
    const recent = crashes.filter((at) => Math.abs(now - at) < deps.budget.withinMs).length;
    deps.log.error({ worker: worker.name, recent, err: error }, "worker crashed");
    if (recent > deps.budget.restarts) {
      throw new Error(`Cannot keep ${worker.name} running: it crashed ${recent} times`, {
        cause: error,
      });
    }
    const ms = backoffMs(recent, { ...RESTART_BACKOFF, random: deps.random });
    await pause(deps.clock, ms, signal);
  }
}

/** The crash, if it was one. */
async function runOnce(worker: Worker, signal: AbortSignal): Promise<unknown> {
  try {
    await worker.run(signal);
    return signal.aborted ? undefined : new Error(`Worker ${worker.name} ended by itself`);
  } catch (error) {
    return error ?? new Error(`Worker ${worker.name} failed without a reason`);
  }
}
