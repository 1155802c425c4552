import { createEventBus } from "../../../src/events/bus/create-event-bus.ts";
import type { EventBus } from "../../../src/events/event-bus.ts";
import type { EventStore } from "../../../src/events/event-store.ts";
import type { StoreSetUp } from "../set-up-store.ts";

/** A bus that runs, as in a process that has just started. */
export interface RunningBus extends EventBus {
  readonly store: EventStore;
  /** Ends everything, handlers too, and waits for what the bus itself runs. */
  stop(): Promise<void>;
  /** The grace time of a stop is over. */
  abort(): void;
}

export function startBus(world: StoreSetUp, store: EventStore = world.start()): RunningBus {
  const { clock, logger: log } = world;
  const abort = new AbortController();
  const ended = new AbortController();
  const bus = createEventBus({ store, clock, random: () => 0.5, log, abort: abort.signal });
  const running = bus.run(ended.signal);
  return {
    ...bus,
    store,
    abort: () => abort.abort(new Error("The grace time is over")),
    async stop() {
      abort.abort(new Error("The test is over"));
      ended.abort();
      await running;
    },
  };
}
