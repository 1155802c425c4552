/** What a bus must look like from outside, as simply as it can be said. */
export interface Entry {
  readonly key: string;
  /** Order of acceptance. */
  readonly place: number;
  attempts: number;
  /** When it is due; `called`: when it is woken. Undefined: now. */
  waits: number | "called" | undefined;
  /** It was called while it was being handled, so that it need not wait for that. */
  called: boolean;
}

export interface Model {
  now: number;
  places: number;
  /** Owed events by lane, first to be handled first. */
  readonly lanes: Map<string, Entry[]>;
  /** Everything that was ever accepted. */
  readonly fate: Map<string, "owed" | "done" | "dead">;
  readonly dead: Map<string, { readonly lane: string; readonly entry: Entry }>;
}

export const INBOUND_LANES = ["in a", "in b", "in c"] as const;
export const outboundLaneOf = (lane: string) => lane.replace("in ", "out ");

export const createModel = (): Model => ({
  now: 0,
  places: 0,
  lanes: new Map(
    [...INBOUND_LANES, ...INBOUND_LANES.map(outboundLaneOf)].map((lane) => [lane, []]),
  ),
  fate: new Map(),
  dead: new Map(),
});

export const laneIn = (model: Model, lane: string) => model.lanes.get(lane) ?? [];

/** The one that is being handled now. */
export function running(model: Model, lane: string): Entry | undefined {
  const [head] = laneIn(model, lane);
  return head && isDue(model, head) ? head : undefined;
}

function isDue({ now }: Model, { waits }: Entry): boolean {
  return waits === undefined || (typeof waits === "number" && waits <= now);
}

export function accept(model: Model, lane: string, key: string): void {
  if (model.fate.has(key)) return;
  model.places += 1;
  model.fate.set(key, "owed");
  laneIn(model, lane).push({
    key,
    place: model.places,
    attempts: 0,
    waits: undefined,
    called: false,
  });
}

export function settle(model: Model, lane: string, to: "done" | "dead"): void {
  const entry = laneIn(model, lane).shift();
  if (!entry) return;
  model.fate.set(entry.key, to);
  if (to === "dead") model.dead.set(entry.key, { lane, entry });
}

/** An old event comes before younger ones, but not before the one that is being handled. */
export function revive(model: Model, key: string): void {
  const dead = model.dead.get(key);
  if (!dead) return;
  const entries = laneIn(model, dead.lane);
  const busy = running(model, dead.lane) ? entries.splice(0, 1) : [];
  const [head] = entries;
  entries.push({ ...dead.entry, attempts: 0, waits: undefined, called: false });
  entries.sort((a, b) => a.place - b.place);
  // One that only waited to be called, and is not the first any more, is asked again when its turn comes.
  if (head && entries[0] !== head && head.waits === "called") head.waits = undefined;
  entries.unshift(...busy);
  model.dead.delete(key);
  model.fate.set(key, "owed");
}

export function discard(model: Model, key: string): void {
  for (const entries of model.lanes.values()) {
    const index = entries.findIndex((entry) => entry.key === key);
    if (index >= 0) entries.splice(index, 1);
  }
  model.dead.delete(key);
  model.fate.set(key, "done");
}

/** A new process: nothing is being handled, everything stands in its order, nobody waits to be called. */
export function restart(model: Model): void {
  for (const entries of model.lanes.values()) {
    entries.sort((a, b) => a.place - b.place);
    for (const entry of entries) {
      if (entry.waits === "called") entry.waits = undefined;
      entry.called = false;
    }
  }
}
