import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLanes } from "../../../src/events/bus/lanes.ts";

const ref = (id: number, lane = 0) =>
  `${String(id).padStart(16, "0")}-m${lane.toString(16).padStart(12, "0")}-${String(id).padStart(16, "0")}.json`;

/** Takes everything that is ready, each lane's head once it is its turn. */
function drain(lanes: ReturnType<typeof createLanes>): string[] {
  const order: string[] = [];
  for (let next = lanes.next(); next !== undefined; next = lanes.next()) {
    order.push(next);
    lanes.finish(next);
  }
  return order;
}

describe("lanes", () => {
  test("give the first of each lane, and the next only when that is finished", () => {
    const lanes = createLanes();
    for (const name of [ref(1, 1), ref(2, 1), ref(3, 2)]) lanes.add(name);
    expect([lanes.next(), lanes.next(), lanes.next()]).toEqual([ref(1, 1), ref(3, 2), undefined]);
    lanes.finish(ref(1, 1));
    expect([lanes.next(), lanes.next()]).toEqual([ref(2, 1), undefined]);
    expect(lanes.size()).toBe(2);
  });

  test("take turns: a lane with much to do does not come before others", () => {
    const lanes = createLanes();
    for (let id = 1; id <= 6; id += 1) lanes.add(ref(id, id <= 4 ? 1 : id));
    expect(drain(lanes)).toEqual([
      ref(1, 1),
      ref(5, 5),
      ref(6, 6),
      ref(2, 1),
      ref(3, 1),
      ref(4, 1),
    ]);
  });

  test("hold back a parked head and all behind it, and nobody else", () => {
    const lanes = createLanes();
    for (const name of [ref(1, 1), ref(2, 1), ref(3, 2)]) lanes.add(name);
    const head = lanes.next() ?? "";
    lanes.park(head);
    expect(drain(lanes)).toEqual([ref(3, 2)]);
    lanes.unpark(ref(2, 1));
    expect(lanes.next()).toBeUndefined();
    lanes.unpark(head);
    expect(drain(lanes)).toEqual([ref(1, 1), ref(2, 1)]);
  });

  test("hold back an event until it is released, and all behind it", () => {
    const lanes = createLanes();
    lanes.add(ref(1), { held: true });
    lanes.add(ref(2));
    expect(lanes.next()).toBeUndefined();
    lanes.release(ref(1));
    expect(drain(lanes)).toEqual([ref(1), ref(2)]);
  });

  test("put an old event before younger ones, but not before one that is being handled", () => {
    const lanes = createLanes();
    for (const id of [5, 6]) lanes.add(ref(id));
    expect(lanes.next()).toBe(ref(5));
    lanes.add(ref(1));
    lanes.finish(ref(5));
    expect(drain(lanes)).toEqual([ref(1), ref(6)]);
  });

  test("let an old event go before a parked head, which then waits no more", () => {
    const lanes = createLanes();
    lanes.add(ref(5));
    lanes.park(lanes.next() ?? "");
    lanes.add(ref(1));
    expect(drain(lanes)).toEqual([ref(1), ref(5)]);
  });

  test("take out what nobody handles, and refuse what is busy or not there", () => {
    const lanes = createLanes();
    for (const id of [1, 2, 3]) lanes.add(ref(id));
    lanes.next();
    expect([lanes.remove(ref(1)), lanes.remove(ref(9)), lanes.remove(ref(2))]).toEqual([
      false,
      false,
      true,
    ]);
    lanes.finish(ref(1));
    expect(drain(lanes)).toEqual([ref(3)]);
    expect(lanes.size()).toBe(0);
  });

  test("go on behind a parked or held head that was taken out", () => {
    const lanes = createLanes();
    lanes.add(ref(1), { held: true });
    lanes.add(ref(2));
    lanes.add(ref(3));
    lanes.remove(ref(1));
    lanes.park(lanes.next() ?? "");
    lanes.remove(ref(2));
    expect(drain(lanes)).toEqual([ref(3)]);
  });

  test("know the oldest, all refs, and whether one is owed", () => {
    const lanes = createLanes();
    expect([lanes.oldest(), lanes.refs(), lanes.has(ref(1))]).toEqual([undefined, [], false]);
    for (const name of [ref(4, 1), ref(3, 2), ref(7, 2)]) lanes.add(name);
    expect(lanes.oldest()).toBe(ref(3, 2));
    expect([...lanes.refs()].sort()).toEqual([ref(3, 2), ref(4, 1), ref(7, 2)]);
    expect([lanes.has(ref(7, 2)), lanes.has(ref(7, 1))]).toEqual([true, false]);
  });

  // Quadratic work would take minutes, not a part of the time that a test has.
  test.each([
    ["one lane", () => 0],
    ["as many lanes", (id: number) => id],
    ["a thousand lanes", (id: number) => id % 1000],
  ])("take 300,000 events in %s without quadratic work", (_, laneOf) => {
    const lanes = createLanes();
    for (let id = 0; id < 300_000; id += 1) lanes.add(ref(id, laneOf(id)));
    expect(drain(lanes)).toHaveLength(300_000);
    expect([lanes.size(), lanes.oldest()]).toEqual([0, undefined]);
  });

  // weaknesses.md 6.4.
  test("keep each lane's order whatever happens to its events", () => {
    const step = fc.record({
      kind: fc.constantFrom("add", "hold", "take", "finish", "park", "unpark", "release", "remove"),
      pick: fc.nat(30),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const world = createWorld();
        for (const { kind, pick } of steps) world[kind](pick);
        world.end();
      }),
      { numRuns: 500 },
    );
  });
});

/** Does what it is told as far as it is legal, and checks what must always hold. */
function createWorld() {
  const lanes = createLanes();
  const owed: string[] = [];
  const busy: string[] = [];
  const parked: string[] = [];
  const held: string[] = [];
  const finished: string[] = [];
  let lastId = 0;
  const at = (list: readonly string[], pick: number) => list[pick % Math.max(list.length, 1)];
  const drop = (list: string[], name: string) => {
    if (list.includes(name)) list.splice(list.indexOf(name), 1);
  };
  const laneOf = (name: string) => name.slice(17, 30);

  function add(pick: number, isHeld: boolean) {
    lastId += 1;
    const name = ref(lastId, pick % 3);
    lanes.add(name, { held: isHeld });
    owed.push(name);
    if (isHeld) held.push(name);
  }
  function take(): boolean {
    const name = lanes.next();
    if (name === undefined) return false;
    expect(name).toBe(owed.find((other) => laneOf(other) === laneOf(name)));
    expect([...busy, ...parked, ...held]).not.toContain(name);
    busy.push(name);
    return true;
  }
  function finish(name: string | undefined) {
    if (name === undefined) return;
    lanes.finish(name);
    for (const list of [busy, owed]) drop(list, name);
    finished.push(name);
  }

  return {
    add: (pick: number) => add(pick, false),
    hold: (pick: number) => add(pick, true),
    take: () => void take(),
    finish: (pick: number) => finish(at(busy, pick)),
    park(pick: number) {
      const name = at(busy, pick);
      if (name === undefined) return;
      lanes.park(name);
      drop(busy, name);
      parked.push(name);
    },
    unpark(pick: number) {
      const name = at(parked, pick);
      if (name === undefined) return;
      lanes.unpark(name);
      drop(parked, name);
    },
    release(pick: number) {
      const name = at(held, pick);
      if (name === undefined) return;
      lanes.release(name);
      drop(held, name);
    },
    remove(pick: number) {
      const name = at(owed, pick);
      if (name === undefined) return;
      expect(lanes.remove(name)).toBe(!busy.includes(name));
      if (!busy.includes(name)) for (const list of [owed, parked, held]) drop(list, name);
    },
    /** Nothing is stuck: when nothing waits any more, all that is owed is handed out. */
    end() {
      expect(lanes.size()).toBe(owed.length);
      for (const name of [...held]) lanes.release(name);
      for (const name of [...parked]) lanes.unpark(name);
      held.splice(0);
      parked.splice(0);
      while (take() || busy.length > 0) finish(busy[0]);
      expect(owed).toEqual([]);
    },
  };
}

describe("a backlog", () => {
  const take = (lanes: ReturnType<typeof createLanes>, count: number) =>
    Array.from({ length: count }, () => lanes.next());

  // DESIGN 4: a new event in a lane that owes nothing is dispatched at once, whatever is owed elsewhere.
  test("and those that came since take turns, each in their order", () => {
    const lanes = createLanes();
    for (const n of [1, 2, 3, 4]) lanes.add(ref(n, n), { old: true });
    for (const n of [5, 6]) lanes.add(ref(n, n));
    expect(take(lanes, 7)).toEqual([
      ...[ref(5, 5), ref(1, 1), ref(6, 6), ref(2, 2)],
      ...[ref(3, 3), ref(4, 4), undefined],
    ]);
  });

  test("is left alone while only young ones are asked for", () => {
    const lanes = createLanes();
    lanes.add(ref(1, 1), { old: true });
    expect(lanes.next({ onlyYoung: true })).toBeUndefined();
    lanes.add(ref(2, 2));
    expect(lanes.next({ onlyYoung: true })).toBe(ref(2, 2));
    expect(lanes.next()).toBe(ref(1, 1));
  });

  test("is not lined up behind by one of it that was called, but by all of them", () => {
    const lanes = createLanes();
    for (const n of [1, 2, 3, 4]) lanes.add(ref(n, n), { old: true });
    const [first = "", second = ""] = take(lanes, 2);
    for (const taken of [first, second]) lanes.park(taken);
    lanes.unpark(first, { soon: false });
    lanes.unpark(second);
    expect(new Set(take(lanes, 2))).toEqual(new Set([second, ref(3, 3)]));
    expect(take(lanes, 2)).toEqual([ref(4, 4), first]);
  });
});
