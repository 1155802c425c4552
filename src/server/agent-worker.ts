import type { EventBus } from "../events/event-bus.ts";
import { type AnswerDeps, answer } from "./answer.ts";
import { aborted, type Worker } from "./worker.ts";

export interface AgentWorkerDeps extends AnswerDeps {
  readonly bus: EventBus;
  /** Turns at once; one conversation has at most one. */
  readonly concurrency: number;
}

/** Commands at once, beside the turns. */
const CONTROL_CONCURRENCY = 16;

/** Takes each InboundEvent to its one outcome: an answer, a notice, or nothing to say. */
export function createAgentWorker(deps: AgentWorkerDeps): Worker {
  return {
    name: "AgentWorker",
    async run(signal) {
      const consumer = deps.bus.consume(
        "InboundEvent",
        { concurrency: deps.concurrency, controlConcurrency: CONTROL_CONCURRENCY },
        (event, context) => answer(deps, event, context),
      );
      await aborted(signal);
      deps.runs.stopping();
      await consumer.stop();
    },
  };
}
