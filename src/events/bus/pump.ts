import { setImmediate as breathe } from "node:timers/promises";
import type { Event, EventType } from "../event.ts";
import type { BusStep } from "../event-bus.ts";
import { parseEventFileName } from "../event-name.ts";
import type { Stored } from "../event-store.ts";
import type { Handle } from "../outcome.ts";
import type { Bus, Parked } from "./bus-state.ts";
import {
  type Due,
  type Handled,
  type HandlerDeps,
  handleDue,
  lookAt,
  type Settling,
} from "./handle-event.ts";
import { settleEvent } from "./settle-event.ts";
import type { Topic } from "./topics.ts";

/** Gives durable events their place in the order, not to be handled before `release`. */
export function hold(bus: Bus, stored: readonly Stored[]): void {
  for (const { ref, type } of stored) bus.topics.of(ref, type).lanes.add(ref, { held: true });
}

export function release(bus: Bus, stored: readonly Stored[]): void {
  for (const { ref, type, key } of stored) {
    const topic = bus.topics.of(ref, type);
    topic.lanes.release(ref);
    bus.log.info({ event: parseEventFileName(ref)?.id, key, type }, "published");
    tell(bus, { kind: "published", ref, type });
    pump(bus, topic);
  }
}

/** Claims while there is a free slot and a ready lane. */
export function pump(bus: Bus, topic: Topic): void {
  while (topic.handle && topic.free > 0 && !bus.abort.aborted) {
    const ref = topic.lanes.next({ onlyYoung: topic.resting });
    if (ref === undefined) return;
    topic.free -= 1;
    const claim = work(bus, { topic, ref }, topic.handle);
    topic.inFlight.add(claim);
    void claim.finally(() => {
      topic.inFlight.delete(claim);
      topic.free += 1;
      pump(bus, topic);
    });
  }
}

interface TakeOver {
  readonly type: EventType;
  readonly ref: string;
  readonly handle: Handle<Event>;
}

/** See `EventBus.takeOver`. */
export async function takeOver(bus: Bus, { type, ref, handle }: TakeOver): Promise<boolean> {
  const topic = bus.topics.of(ref, type);
  if (bus.abort.aborted || !topic.lanes.take(ref)) return false;
  endWait(bus, ref);
  bus.waited.add(ref);
  const claim = work(bus, { topic, ref }, handle);
  topic.inFlight.add(claim);
  await claim;
  topic.inFlight.delete(claim);
  pump(bus, topic);
  return true;
}

async function work(bus: Bus, { topic, ref }: Parked, handle: Handle<Event>): Promise<void> {
  tell(bus, { kind: "started", ref, type: topic.type });
  await breatheSometimes(bus);
  const deps = handlerDeps(bus, topic);
  const due = await bus.looks(ref, () => look(bus, { topic, ref }, deps));
  if (!due) return;
  const calls = new Set<string>();
  bus.calls.add(calls);
  const handled = await handleDue(deps, due, handle);
  bus.calls.delete(calls);
  finish(bus, { topic, ref }, handled);
  const parked = bus.parked.get(ref);
  if (parked?.for !== undefined && calls.has(parked.for)) unpark(bus, parked);
}

function handlerDeps(bus: Bus, { lanes: { behind } }: Topic): HandlerDeps {
  const handOut = {
    hold: (stored: readonly Stored[]) => hold(bus, stored),
    release: (stored: readonly Stored[]) => release(bus, stored),
  };
  return {
    ...bus,
    behind,
    settle: (settling: Settling) => settleEvent({ ...bus, ...handOut }, settling),
  };
}

/** Undefined if the event is not to be handled now: then it waits, or is gone. */
async function look(bus: Bus, claim: Parked, deps: HandlerDeps): Promise<Due | undefined> {
  const { ref } = claim;
  const waited = bus.waited.has(ref);
  endWait(bus, ref);
  const found = await lookAt(deps, { ref, waited });
  if (found.kind === "due") {
    bus.handled.add(ref);
    return found;
  }
  finish(bus, claim, found);
  return undefined;
}

/** A backlog whose handling never waits for anything would hold up timers and sockets. */
async function breatheSometimes(bus: Bus): Promise<void> {
  bus.claims += 1;
  if (bus.claims % CLAIMS_A_BREATH === 0) await breathe();
}

const CLAIMS_A_BREATH = 32;

function finish(bus: Bus, { topic, ref }: Parked, handled: Handled): void {
  const { type } = topic;
  bus.handled.delete(ref);
  endWait(bus, ref);
  if (handled.kind === "settled") {
    topic.lanes.finish(ref);
    tell(bus, { kind: handled.as, ref, type });
  }
  // What was left stays busy: nobody of this process takes it again.
  if (handled.kind !== "park") return;
  topic.lanes.park(ref);
  tell(bus, { kind: "waiting", ref, type });
  const parked: Parked = { topic, ref, for: handled.for, unread: handled.unread ?? false };
  bus.parked.set(ref, parked);
  if (handled.for !== undefined) {
    bus.waiting.add(handled.for, parked);
    if (isOld(bus, ref)) restSometimes(bus, topic);
  }
  if (Number.isFinite(handled.until)) bus.due.add(handled.until, parked);
}

/** Whether the last process left it. */
export const isOld = (bus: Bus, ref: string): boolean => ref <= bus.leftUntil;

const OLD_WAITS_A_REST = 32;
const REST_MS = 16;

/**
 * A backlog of 100,000 for a channel that is not there, or takes 30 a second, is claimed only to wait, one after the
 * other. That takes its time, but not the time of whoever speaks now.
 */
function restSometimes(bus: Bus, topic: Topic): void {
  topic.oldWaits += 1;
  if (topic.resting || topic.oldWaits < OLD_WAITS_A_REST) return;
  topic.oldWaits = 0;
  topic.resting = true;
  const goOn = () => {
    topic.resting = false;
    pump(bus, topic);
  };
  // Its sleep fails only when the server stops, and then nothing is claimed any more.
  bus.clock.sleep(REST_MS, bus.abort).then(goOn, () => undefined);
}

/** Handles what waits for this again. */
export function wake(bus: Bus, what: string): void {
  for (const calls of bus.calls) calls.add(what);
  unparkAll(bus, bus.waiting.all(what));
}

const UNPARKS_A_TURN = 4096;

function unparkAll(bus: Bus, parked: readonly Parked[]): void {
  for (const one of parked.slice(0, UNPARKS_A_TURN)) unpark(bus, one, { soon: false });
  const rest = parked.slice(UNPARKS_A_TURN);
  if (rest.length > 0) setImmediate(unparkAll, bus, rest);
}

/** Handles one of those that wait for this again: a slot that is free is of use to one only. */
export function wakeOne(bus: Bus, what: string): void {
  for (const calls of bus.calls) calls.add(what);
  const first = bus.waiting.first(what);
  if (first) unpark(bus, first);
}

/** The wait is over. `soon`: see `Lanes.unpark`. */
export function unpark(bus: Bus, parked: Parked, { soon } = { soon: true }): void {
  const { topic, ref } = parked;
  if (bus.parked.get(ref) !== parked) return;
  endWait(bus, ref);
  if (!parked.unread) bus.waited.add(ref);
  topic.lanes.unpark(ref, { soon });
  pump(bus, topic);
}

/** Forgets that the event waits or has waited. */
export function endWait(bus: Bus, ref: string): void {
  const parked = bus.parked.get(ref);
  bus.parked.delete(ref);
  bus.waited.delete(ref);
  if (parked?.for !== undefined) bus.waiting.delete(parked.for, parked);
}

/** A listener that throws is reported; it can neither block nor fail the flow. */
function tell(bus: Bus, step: BusStep): void {
  for (const listener of bus.listeners) {
    try {
      listener(step);
    } catch (error) {
      bus.log.error({ err: error }, "an observer failed");
    }
  }
}
