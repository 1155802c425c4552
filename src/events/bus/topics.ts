import type { Event, EventType } from "../event.ts";
import { isControlLane, laneOf } from "../event-name.ts";
import type { Handle } from "../outcome.ts";
import { createLanes, type Lanes } from "./lanes.ts";

/** Lanes that share slots: main and control lanes of one type of event. */
export interface Topic {
  readonly type: EventType;
  readonly lanes: Lanes;
  /** Free slots; no consumer, no slots. */
  free: number;
  handle: Handle<Event> | undefined;
  /** Old events that were claimed only to wait, since the last rest. */
  oldWaits: number;
  /** Old events are left alone for a moment. */
  resting: boolean;
  /** Claims of the consumer that are not finished. */
  readonly inFlight: Set<Promise<void>>;
}

export interface Topics {
  readonly all: readonly Topic[];
  of(ref: string, type: EventType): Topic;
  main(type: EventType): Topic;
  control(type: EventType): Topic;
}

const createTopic = (type: EventType): Topic => ({
  type,
  lanes: createLanes(),
  free: 0,
  handle: undefined,
  oldWaits: 0,
  resting: false,
  inFlight: new Set(),
});

export function createTopics(): Topics {
  const main = {
    InboundEvent: createTopic("InboundEvent"),
    OutboundEvent: createTopic("OutboundEvent"),
  };
  const control = {
    InboundEvent: createTopic("InboundEvent"),
    OutboundEvent: createTopic("OutboundEvent"),
  };
  return {
    all: [...Object.values(main), ...Object.values(control)],
    of: (ref, type) => (isControlLane(laneOf(ref)) ? control[type] : main[type]),
    main: (type) => main[type],
    control: (type) => control[type],
  };
}
