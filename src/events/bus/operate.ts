import type { Bus } from "./bus-state.ts";
import { endWait, pump, unpark } from "./pump.ts";
import type { Topic } from "./topics.ts";

/** See `EventBus.retry`. */
export async function retryNow(bus: Bus, ref: string): Promise<void> {
  await bus.opened.passed;
  if (owedIn(bus, ref)) return endWaitNow(bus, ref);
  const type = await bus.store.revive(ref);
  const topic = bus.topics.of(ref, type);
  bus.log.warn({ event: ref }, "dead letter is tried again");
  if (!topic.lanes.has(ref)) topic.lanes.add(ref);
  pump(bus, topic);
}

/** Durably: it is due at once also for the next process, should this one die before the attempt. */
async function endWaitNow(bus: Bus, ref: string): Promise<void> {
  await bus.looks(ref, () => noteWish(bus, ref));
  const parked = bus.parked.get(ref);
  if (parked) unpark(bus, parked);
}

async function noteWish({ handled, store }: Bus, ref: string): Promise<void> {
  // An attempt is being made, and its handler may be writing the note just now.
  if (handled.has(ref)) return;
  const { dueAt: _, ...note } = await store.readNote(ref);
  const progress = { ...note.progress, wanted: true };
  await store.writeNote(ref, { ...note, progress }, { sync: true });
}

/** See `EventBus.discard`. */
export async function discard(bus: Bus, ref: string): Promise<void> {
  await bus.opened.passed;
  const topic = owedIn(bus, ref);
  if (topic) await discardOwed(bus, topic, ref);
  else await bus.store.discard(ref);
  bus.log.warn({ event: ref }, "discarded by an operator");
}

async function discardOwed(bus: Bus, topic: Topic, ref: string): Promise<void> {
  if (!topic.lanes.remove(ref)) throw new Error(`Cannot discard ${ref}: it is being handled now`);
  try {
    await bus.store.settle(ref, "done", { sync: false });
  } catch (error) {
    topic.lanes.add(ref);
    throw error;
  } finally {
    endWait(bus, ref);
    pump(bus, topic);
  }
  await bus.store.settle(ref, "done", { sync: true });
}

function owedIn(bus: Bus, ref: string): Topic | undefined {
  return bus.topics.all.find((topic) => topic.lanes.has(ref));
}
