import type { EventBus } from "../events/event-bus.ts";
import type { ChannelRegistry } from "./channel-registry.ts";
import { channelWake } from "./channel-wake.ts";
import { type DeliveryDeps, deliver } from "./deliver.ts";
import { aborted, type Worker } from "./worker.ts";

export interface DeliveryWorkerDeps extends DeliveryDeps {
  readonly bus: EventBus;
  readonly channels: ChannelRegistry;
  /** Deliveries at once; one conversation has at most one. */
  readonly concurrency: number;
}

/** Takes each OutboundEvent to its conversation, part by part, until the platform has confirmed all of it. */
export function createDeliveryWorker(deps: DeliveryWorkerDeps): Worker {
  return {
    name: "DeliveryWorker",
    async run(signal) {
      const stopListening = deps.channels.onChange((name) => deps.bus.wake(channelWake(name)));
      const { concurrency } = deps;
      const consumer = deps.bus.consume("OutboundEvent", { concurrency }, (event, context) =>
        deliver(deps, event, context),
      );
      await aborted(signal);
      // What the last turns produced still goes out, as far as the grace time allows.
      await consumer.drain();
      stopListening();
    },
  };
}
