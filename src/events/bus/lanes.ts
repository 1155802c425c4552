import { laneOf } from "../event-name.ts";

/**
 * Which owed events may be handled now: of each lane only the first, and only one at a time. Holds names, never
 * contents. A lane is
 *
 *   ready   its head waits for a free slot
 *   busy    its head is being handled
 *   parked  its head waits for a time or for something to happen; holds no slot
 *   held    its head is durable, but what caused it is not settled yet
 *
 * and is forgotten when it is empty.
 */
export interface Lanes {
  /**
   * Adds an event at its place in the order; never before one that is being handled. `old`: the last process left it.
   */
  add(ref: string, options?: { readonly held?: boolean; readonly old?: boolean }): void;
  /** A held event may be handled from now on. */
  release(ref: string): void;
  /**
   * Takes the next ready lane, lanes in turn: its head is busy until `finish` or `park`. Lanes that the last process
   * left and those that came since take turns too, so that a backlog, however long, holds up nobody who speaks now.
   */
  next(options?: { readonly onlyYoung: boolean }): string | undefined;
  /** The busy head is settled. */
  finish(ref: string): void;
  /** The busy head has to wait. */
  park(ref: string): void;
  /**
   * A parked head is ready again; anything else is left alone. It has had its turn and does not line up behind a backlog
   * again, unless `soon` is false: then it is one of very many.
   */
  unpark(ref: string, options?: { readonly soon: boolean }): void;
  /** Takes out an event that nobody handles. False if it is busy or not here. */
  remove(ref: string): boolean;
  /** The first event of a lane, by the lane's name in refs. */
  head(lane: string): LaneHead | undefined;
  /** Takes a head out of its turn: it is busy until `finish` or `park`. False if it is busy or held, or no head. */
  take(ref: string): boolean;
  /** How many events wait behind the head of a lane; 0 if this is no head. */
  behind(ref: string): number;
  /** Whether the event is owed here. */
  has(ref: string): boolean;
  /** All owed events, in no order. */
  refs(): readonly string[];
  /** Number of owed events. */
  size(): number;
  /** The oldest owed event. */
  oldest(): string | undefined;
}

/** The first owed event of a lane. */
export interface LaneHead {
  readonly ref: string;
  /** It is being handled. */
  readonly busy: boolean;
  /** How many events wait behind it. */
  readonly behind: number;
}

/** Taken from the front in constant time: `items[head]` is the first. */
interface Line {
  readonly items: string[];
  head: number;
}

/** Its refs, sorted. */
interface Lane extends Line {
  /** The last process left it, and its turn has not come yet. */
  old: boolean;
  state: "open" | "busy" | "parked";
  /** Whether its key is in the line of ready lanes, perhaps no longer with reason. */
  queued: boolean;
}

interface State {
  readonly lanes: Map<string, Lane>;
  /** Keys of lanes in the order in which they became ready; those that are ready no more are passed over. */
  readonly ready: { readonly young: Line; readonly old: Line };
  oldIsNext: boolean;
  readonly held: Set<string>;
  size: number;
}

export function createLanes(): Lanes {
  const ready = { young: { items: [], head: 0 }, old: { items: [], head: 0 } };
  const state: State = { lanes: new Map(), ready, oldIsNext: false, held: new Set(), size: 0 };
  return {
    add: (ref, { held = false, old = false } = {}) => add(state, ref, { held, old }),
    release(ref) {
      state.held.delete(ref);
      refresh(state, laneOf(ref));
    },
    next: (options) => (options?.onlyYoung ? nextIn(state, state.ready.young) : next(state)),
    finish: (ref) => finish(state, ref),
    park: (ref) => setState(state, ref, "parked"),
    unpark(ref, { soon } = { soon: true }) {
      const lane = headLane(state, ref);
      if (lane?.state !== "parked") return;
      if (soon) lane.old = false;
      setState(state, ref, "open");
    },
    remove: (ref) => remove(state, ref),
    head: (key) => headOf(state.lanes.get(key)),
    take(ref) {
      const lane = headLane(state, ref);
      if (!lane || lane.state === "busy" || state.held.has(ref)) return false;
      lane.state = "busy";
      return true;
    },
    behind: (ref) => headOf(headLane(state, ref))?.behind ?? 0,
    has: (ref) => {
      const lane = state.lanes.get(laneOf(ref));
      return lane?.items.includes(ref, lane.head) ?? false;
    },
    refs: () => [...state.lanes.values()].flatMap((lane) => lane.items.slice(lane.head)),
    size: () => state.size,
    oldest: () => oldestOf(state.lanes.values()),
  };
}

const firstOf = (line: Line | undefined): string | undefined => line?.items[line.head];

function headOf(lane: Lane | undefined): LaneHead | undefined {
  const ref = firstOf(lane);
  if (!lane || ref === undefined) return undefined;
  return { ref, busy: lane.state === "busy", behind: lane.items.length - lane.head - 1 };
}

/** The lane whose head this is. */
function headLane(state: State, ref: string): Lane | undefined {
  const lane = state.lanes.get(laneOf(ref));
  return firstOf(lane) === ref ? lane : undefined;
}

function next(state: State): string | undefined {
  const { young, old } = state.ready;
  const [line, other] = state.oldIsNext ? [old, young] : [young, old];
  const ref = nextIn(state, line) ?? nextIn(state, other);
  // The first of the two has had its turn, or none to take.
  state.oldIsNext = !state.oldIsNext;
  return ref;
}

function nextIn(state: State, line: Line): string | undefined {
  for (let key = firstOf(line); key !== undefined; key = firstOf(line)) {
    dropFirst(line);
    const lane = state.lanes.get(key);
    if (!lane) continue;
    lane.queued = false;
    if (!isReady(state, lane)) continue;
    lane.state = "busy";
    return firstOf(lane);
  }
  return undefined;
}

function isReady(state: State, lane: Lane): boolean {
  const head = firstOf(lane);
  return head !== undefined && lane.state === "open" && !state.held.has(head);
}

/** Forgets a lane that is empty, lines up one that is ready. */
function refresh(state: State, key: string): void {
  const lane = state.lanes.get(key);
  if (!lane) return;
  if (firstOf(lane) === undefined) state.lanes.delete(key);
  if (lane.queued || !isReady(state, lane)) return;
  lane.queued = true;
  state.ready[lane.old ? "old" : "young"].items.push(key);
}

function setState(state: State, ref: string, to: Lane["state"]): void {
  const lane = headLane(state, ref);
  if (!lane) return;
  lane.state = to;
  refresh(state, laneOf(ref));
}

function add(
  state: State,
  ref: string,
  { held, old }: { readonly held: boolean; readonly old: boolean },
): void {
  const key = laneOf(ref);
  const lane = state.lanes.get(key) ?? { items: [], head: 0, old, state: "open", queued: false };
  state.lanes.set(key, lane);
  if (held) state.held.add(ref);
  insert(lane, ref);
  state.size += 1;
  refresh(state, key);
}

function finish(state: State, ref: string): void {
  const lane = headLane(state, ref);
  if (!lane) return;
  state.size -= 1;
  state.held.delete(ref);
  dropFirst(lane);
  lane.state = "open";
  refresh(state, laneOf(ref));
}

function remove(state: State, ref: string): boolean {
  const lane = state.lanes.get(laneOf(ref));
  const index = lane?.items.indexOf(ref, lane.head) ?? -1;
  if (!lane || index < 0 || (index === lane.head && lane.state === "busy")) return false;
  if (index === lane.head) finish(state, ref);
  else {
    lane.items.splice(index, 1);
    state.held.delete(ref);
    state.size -= 1;
  }
  return true;
}

/** An operator's retry brings back an old event: it goes before younger ones, but not before one in progress. */
function insert(lane: Lane, ref: string): void {
  const first = lane.head + (lane.state === "busy" ? 1 : 0);
  let index = lane.items.length;
  while (index > first && (lane.items[index - 1] ?? "") > ref) index -= 1;
  if (index === lane.items.length) lane.items.push(ref);
  else lane.items.splice(index, 0, ref);
  // A parked head that is no longer the head waits no more.
  if (lane.state === "parked" && index === lane.head) lane.state = "open";
}

/** The array is cut now and then. */
function dropFirst(line: Line): void {
  line.head += 1;
  if (line.head < 64 || line.head * 2 < line.items.length) return;
  line.items.splice(0, line.head);
  line.head = 0;
}

function oldestOf(lanes: Iterable<Lane>): string | undefined {
  let oldest: string | undefined;
  for (const lane of lanes) {
    const head = firstOf(lane);
    if (head !== undefined && (oldest === undefined || head < oldest)) oldest = head;
  }
  return oldest;
}
