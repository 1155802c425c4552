import type { LaneHead } from "./bus/lanes.ts";
import type { EventOf, EventType, NewEvent } from "./event.ts";
import type { Handle } from "./outcome.ts";

/**
 * Where the workers meet. Everything published is durable first; nothing is forgotten before its outcome is durable.
 * Made by `createEventBus` in `bus/create-event-bus.ts`.
 */
export interface EventBus {
  /** Resolves when all events are durable. Rejects with the cause if one is not: then none after it is either. */
  publish(events: readonly NewEvent[]): Promise<void>;
  /** Whether an event of this key was published: it is owed, done or dead, as far back as is remembered. */
  knows(key: string): boolean;
  /** Handles every owed event of a type, those left by the last process included. One consumer a type. */
  consume<T extends EventType>(
    type: T,
    options: ConsumeOptions,
    handle: Handle<EventOf<T>>,
  ): Consumer;
  /** Events that wait for this are handled again. */
  wake(what: string): void;
  /** One of the events that wait for this is handled again; those of the last process and later ones in turn. */
  wakeOne(what: string): void;
  /** The first owed event of a main lane, whatever it waits for. */
  head(type: EventType, lane: string): LaneHead | undefined;
  /**
   * Handles the first event of a lane now, without a slot, whatever it waits for. Resolves when its outcome is durable;
   * false if the event is being handled already, or is not the first of its lane.
   */
  takeOver<T extends EventType>(type: T, ref: string, handle: Handle<EventOf<T>>): Promise<boolean>;
  /** Sees what happens, in memory; can neither block nor fail the flow. Returns the way to stop. */
  observe(listener: (step: BusStep) => void): () => void;
  counts(): BusCounts;
  /** Refs of what is owed, oldest first. */
  owed(type: EventType): readonly string[];
  /** A worker: takes up what is owed, then runs timers, probes and pruning until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when what was owed at the start is known. */
  ready(): Promise<void>;
  /** An operator's wish: a dead letter is owed again, one that waits for its time is due now. Durable when it resolves. */
  retry(ref: string): Promise<void>;
  /** An operator's wish: counts as done without being handled. Refused while it is being handled. */
  discard(ref: string): Promise<void>;
}

export interface ConsumeOptions {
  /** How many events of main lanes are handled at once. */
  readonly concurrency: number;
  /** Slots of their own for control lanes, so that a command never waits for turns. */
  readonly controlConcurrency?: number;
}

export interface Consumer {
  /** Claims nothing new; resolves when all that was claimed is settled or left for the next start. */
  stop(): Promise<void>;
  /** Goes on until nothing is ready any more, then stops. */
  drain(): Promise<void>;
}

export interface BusStep {
  readonly kind: "published" | "started" | "done" | "dead" | "waiting";
  readonly ref: string;
  readonly type: EventType;
}

export interface BusCounts {
  /** Owed answers. */
  readonly inbox: number;
  /** Owed deliveries. */
  readonly pending: number;
  readonly failed: number;
  readonly quarantined: number;
  /** When the oldest owed event was accepted, UTC ms. */
  readonly oldestOwedAt: number | undefined;
}
