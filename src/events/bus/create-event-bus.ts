import { setImmediate as breathe } from "node:timers/promises";
import { createDueQueue } from "../../runtime/due-queue.ts";
import { errorMessage } from "../../runtime/errors.ts";
import { createGate } from "../../runtime/gate.ts";
import { idTime } from "../../runtime/hybrid-clock.ts";
import { createKeyedSerial } from "../../runtime/keyed-serial.ts";
import type { Event, EventOf, EventType, NewEvent } from "../event.ts";
import type { BusCounts, ConsumeOptions, Consumer, EventBus } from "../event-bus.ts";
import { hashMainLane, parseEventFileName } from "../event-name.ts";
import type { Handle } from "../outcome.ts";
import type { Bus, EventBusDeps, Parked } from "./bus-state.ts";
import { keepStore } from "./keep-store.ts";
import { discard, retryNow } from "./operate.ts";
import { hold, isOld, pump, release, takeOver, unpark, wake, wakeOne } from "./pump.ts";
import { createTopics } from "./topics.ts";
import { createWaiting } from "./waiting.ts";

export function createEventBus(deps: EventBusDeps): EventBus {
  const bus: Bus = {
    ...deps,
    topics: createTopics(),
    due: createDueQueue<Parked>(deps.clock, (parked) => unpark(bus, parked)),
    parked: new Map(),
    waiting: createWaiting<Parked>(({ ref }) => isOld(bus, ref)),
    waited: new Set(),
    looks: createKeyedSerial(),
    handled: new Set(),
    calls: new Set(),
    listeners: new Set(),
    opened: createGate(),
    leftUntil: "",
    claims: 0,
  };
  return {
    publish: (events) => publish(bus, events),
    knows: bus.store.knows,
    consume: (type, options, handle) => consume(bus, { type, options, handle }),
    wake: (what) => wake(bus, what),
    wakeOne: (what) => wakeOne(bus, what),
    head: (type, lane) => bus.topics.main(type).lanes.head(hashMainLane(lane)),
    takeOver: (type, ref, handle) => takeOver(bus, { type, ref, handle: asAnyHandle(handle) }),
    observe(listener) {
      bus.listeners.add(listener);
      return () => void bus.listeners.delete(listener);
    },
    counts: () => counts(bus),
    owed: (type) =>
      [...bus.topics.main(type).lanes.refs(), ...bus.topics.control(type).lanes.refs()].sort(),
    run: (signal) => run(bus, signal),
    ready: () => bus.opened.passed,
    retry: (ref) => retryNow(bus, ref),
    discard: (ref) => discard(bus, ref),
  };
}

async function run(bus: Bus, signal: AbortSignal): Promise<void> {
  if (!bus.opened.isOpen()) await takeUp(bus);
  await Promise.all([bus.due.run(signal), keepStore(bus, signal)]);
}

const NAMES_A_BREATH = 8192;

/** Takes up what the last process left. */
async function takeUp(bus: Bus): Promise<void> {
  const { owed } = await bus.store.open();
  for (const type of ["InboundEvent", "OutboundEvent"] as const) {
    for (const [index, ref] of owed[type].entries()) {
      if (index % NAMES_A_BREATH === NAMES_A_BREATH - 1) await breathe();
      bus.topics.of(ref, type).lanes.add(ref, { old: true });
      if (ref > bus.leftUntil) bus.leftUntil = ref;
    }
  }
  const { inbox, pending, failed } = counts(bus);
  bus.log.info({ inbox, pending, failed }, "event store opened");
  bus.opened.open();
  for (const topic of bus.topics.all) pump(bus, topic);
}

async function publish(bus: Bus, events: readonly NewEvent[]): Promise<void> {
  await bus.opened.passed;
  const { stored, error } = await bus.store.publish(events);
  hold(bus, stored);
  release(bus, stored);
  if (error) throw new Error(`Cannot publish: ${errorMessage(error)}`, { cause: error });
}

interface Consumption<T extends EventType> {
  readonly type: T;
  readonly options: ConsumeOptions;
  readonly handle: Handle<EventOf<T>>;
}

/** A topic holds only events of its type: the store was asked for them by type. */
function asAnyHandle<T extends EventType>(handle: Handle<EventOf<T>>): Handle<Event> {
  return (event, context) => handle(event as EventOf<T>, context);
}

function consume<T extends EventType>(
  bus: Bus,
  { type, options, handle }: Consumption<T>,
): Consumer {
  const topics = [bus.topics.main(type), bus.topics.control(type)];
  const anyHandle = asAnyHandle(handle);
  const slots = [options.concurrency, options.controlConcurrency ?? 0];
  for (const [index, topic] of topics.entries()) {
    if (topic.handle) throw new Error(`Cannot consume ${type}: it has a consumer`);
    topic.handle = anyHandle;
    // A consumer that stopped may have left handlers that have not ended yet.
    topic.free = (slots[index] ?? 0) - topic.inFlight.size;
    pump(bus, topic);
  }
  const inFlight = () => topics.flatMap((topic) => [...topic.inFlight]);
  async function stop() {
    for (const topic of topics) topic.handle = undefined;
    while (inFlight().length > 0) await Promise.all(inFlight());
  }
  return {
    stop,
    async drain() {
      while (inFlight().length > 0 && !bus.abort.aborted) await Promise.race(inFlight());
      await stop();
    },
  };
}

function oldestOwed(bus: Bus): string | undefined {
  return bus.topics.all
    .map((topic) => topic.lanes.oldest())
    .filter((ref) => ref !== undefined)
    .sort()[0];
}

function counts(bus: Bus): BusCounts {
  const owed = (type: EventType) =>
    bus.topics.main(type).lanes.size() + bus.topics.control(type).lanes.size();
  const oldest = oldestOwed(bus);
  return {
    inbox: owed("InboundEvent"),
    pending: owed("OutboundEvent"),
    ...bus.store.counts(),
    oldestOwedAt: oldest === undefined ? undefined : idTime(parseEventFileName(oldest)?.id ?? "0"),
  };
}
