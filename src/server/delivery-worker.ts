import type { OutboundEvent } from "../events/event.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { HandleContext, Outcome } from "../events/outcome.ts";
import type { ChannelRegistry } from "./channel-registry.ts";
import { channelWake } from "./channel-wake.ts";
import { type DeliveryDeps, deliver } from "./deliver.ts";
import { createSlotShares, type SlotShares } from "./slot-shares.ts";
import { aborted, type Worker } from "./worker.ts";

export interface DeliveryWorkerDeps extends DeliveryDeps {
  readonly bus: EventBus;
  readonly channels: ChannelRegistry;
  /** Deliveries at once, shared out among the channels; one conversation has at most one. */
  readonly concurrency: number;
}

/** Takes each OutboundEvent to its conversation, part by part, until the platform has confirmed all of it. */
export function createDeliveryWorker(deps: DeliveryWorkerDeps): Worker {
  return {
    name: "DeliveryWorker",
    async run(signal) {
      const { bus, channels, concurrency } = deps;
      const stopListening = channels.onChange((name) => bus.wake(channelWake(name)));
      const shares = createSlotShares(concurrency, () =>
        channels.all().map(({ spec }) => spec.name),
      );
      const consumer = bus.consume("OutboundEvent", { concurrency }, (event, context) =>
        deliverInShare(deps, shares, { event, context }),
      );
      await aborted(signal);
      // What the last turns produced still goes out, as far as the grace time allows.
      await consumer.drain();
      stopListening();
    },
  };
}

/** How long until a delivery that waits for a slot looks again, should nobody wake it. */
const LOOK_AGAIN_MS = 60_000;
const slotWake = (channel: string) => `slot:${channel}`;

async function deliverInShare(
  deps: DeliveryWorkerDeps,
  shares: SlotShares,
  { event, context }: { event: OutboundEvent; context: HandleContext },
): Promise<Outcome> {
  const { channel } = event;
  if (!shares.enter(channel)) {
    return { kind: "wait", for: slotWake(channel), until: deps.clock.now() + LOOK_AGAIN_MS };
  }
  try {
    return await deliver(deps, event, context);
  } finally {
    for (const other of shares.leave(channel)) deps.bus.wakeOne(slotWake(other));
  }
}
