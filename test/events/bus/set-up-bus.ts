import { onTestFinished } from "vitest";
import type { NewEvent } from "../../../src/events/event.ts";
import type { Consumer } from "../../../src/events/event-bus.ts";
import { type StoreSetUp, storeInMemory } from "../set-up-store.ts";
import { type Rule, type ScriptedHandler, scriptedHandler } from "./script.ts";
import { type RunningBus, startBus } from "./start-bus.ts";

export interface BusSetUp {
  readonly world: StoreSetUp;
  readonly bus: RunningBus;
  readonly inbound: ScriptedHandler & Consumer;
  readonly outbound: ScriptedHandler & Consumer;
  /** Time passes; with 0, everything runs that waits for nothing. */
  pass(ms?: number): Promise<void>;
  publish(...events: readonly NewEvent[]): Promise<void>;
  /** A process that starts over what this one left. This one is stopped, its handlers abandoned. */
  restart(rules?: Rules): Promise<BusSetUp>;
}

export interface Rules {
  readonly inbound?: Rule;
  readonly outbound?: Rule;
  readonly concurrency?: number;
}

/** A running bus over the model disk, with a consumer for each type. */
export async function setUpBus(
  rules: Rules = {},
  world: StoreSetUp = storeInMemory(),
): Promise<BusSetUp> {
  const bus = startBus(world);
  onTestFinished(() => bus.stop());
  const { concurrency = 8 } = rules;
  const inbound = scriptedHandler(rules.inbound);
  const outbound = scriptedHandler(rules.outbound);
  const options = { concurrency, controlConcurrency: 2 };
  const consumers = {
    inbound: bus.consume("InboundEvent", options, inbound.handle),
    outbound: bus.consume("OutboundEvent", options, outbound.handle),
  };
  const pass = async (ms = 0) => {
    await world.clock.advance(ms);
    await world.clock.advance(0);
  };
  await bus.ready();
  return {
    world,
    bus,
    inbound: { ...inbound, ...consumers.inbound },
    outbound: { ...outbound, ...consumers.outbound },
    pass,
    async publish(...events) {
      await bus.publish(events);
      await pass();
    },
    async restart(next = rules) {
      await bus.stop();
      const started = await setUpBus(next, world);
      await started.pass();
      return started;
    },
  };
}
