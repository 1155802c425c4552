import type { Clock } from "../../runtime/clock.ts";
import type { DueQueue } from "../../runtime/due-queue.ts";
import type { Gate } from "../../runtime/gate.ts";
import type { KeyedSerial } from "../../runtime/keyed-serial.ts";
import type { Log } from "../../runtime/log.ts";
import type { BusStep } from "../event-bus.ts";
import type { EventStore } from "../event-store.ts";
import type { Topic, Topics } from "./topics.ts";
import type { Waiting } from "./waiting.ts";

export interface EventBusDeps {
  readonly store: EventStore;
  readonly clock: Clock;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Aborts when handlers must end now. */
  readonly abort: AbortSignal;
}

/** A wait of an event. */
export interface Parked {
  readonly topic: Topic;
  readonly ref: string;
  /** What ends it, beside its time. */
  readonly for?: string | undefined;
  /** It could not be read: when it is due is not known yet. */
  readonly unread?: boolean;
}

/** What the bus knows; its operations are functions of this. */
export interface Bus extends EventBusDeps {
  readonly topics: Topics;
  readonly due: DueQueue<Parked>;
  /** The present wait of each parked event, by ref; an earlier one means nothing any more. */
  readonly parked: Map<string, Parked>;
  /** Parked events by what they wait for. */
  readonly waiting: Waiting<Parked>;
  /** Events that have waited long enough: the due time in their note was by a clock that may have been set back. */
  readonly waited: Set<string>;
  /** One at a time for each event: the look whether it is due, and what an operator changes about that. */
  readonly looks: KeyedSerial;
  /** Events that a handler has now: it alone writes their notes. */
  readonly handled: Set<string>;
  /** For each event that is being handled: what was called meanwhile, lest it goes on to wait for just that. */
  readonly calls: Set<Set<string>>;
  readonly listeners: Set<(step: BusStep) => void>;
  readonly opened: Gate;
  /** The latest ref that the last process left; empty if it left none. */
  leftUntil: string;
  /** Claims so far. */
  claims: number;
}
