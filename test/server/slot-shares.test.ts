import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSlotShares } from "../../src/server/slot-shares.ts";

const names = (count: number) => Array.from({ length: count }, (_, index) => `group ${index}`);

/** Takes as many as it is given. */
function hog(shares: ReturnType<typeof createSlotShares>, group: string): number {
  let count = 0;
  while (shares.enter(group)) count += 1;
  return count;
}

/** Groups that take slots, wait for those they do not get, and are asked again as the shares say. */
function setUpGroups(slots: number, groups: readonly string[]) {
  const shares = createSlotShares(slots, () => groups);
  const held = new Map(groups.map((group) => [group, 0]));
  const waiting = new Map(groups.map((group) => [group, 0]));
  const heldBy = (group: string) => held.get(group) ?? 0;
  const waitingOf = (group: string) => waiting.get(group) ?? 0;
  function ask(group: string): void {
    if (shares.enter(group)) held.set(group, heldBy(group) + 1);
    else waiting.set(group, waitingOf(group) + 1);
  }
  function askAgain(group: string): void {
    if (waitingOf(group) === 0) return;
    waiting.set(group, waitingOf(group) - 1);
    ask(group);
  }
  return {
    shares,
    ask,
    giveBack(group: string): void {
      if (heldBy(group) === 0) return;
      held.set(group, heldBy(group) - 1);
      shares.leave(group).forEach(askAgain);
    },
    total: () => [...held.values()].reduce((sum, count) => sum + count, 0),
    idle: () => groups.filter((group) => heldBy(group) === 0),
    couldGo: () => groups.filter((group) => waitingOf(group) > 0 && shares.hasRoom(group)),
  };
}

const actions = fc.array(fc.tuple(fc.nat(), fc.nat(2)), { maxLength: 150, size: "max" });
const setting = fc
  .integer({ min: 1, max: 20 })
  .chain((slots) => fc.tuple(fc.constant(slots), fc.integer({ min: 1, max: slots })));

describe("slotShares", () => {
  test("gives all slots to the only group, and most of them to the only busy one", () => {
    expect(
      hog(
        createSlotShares(16, () => ["a"]),
        "a",
      ),
    ).toBe(16);
    const shares = createSlotShares(16, () => ["a", "b"]);
    expect(hog(shares, "a")).toBe(12);
    expect(hog(shares, "b")).toBeGreaterThan(1);
  });

  // weaknesses.md 6.7.
  test("leaves a slot to each group that holds none, and forgets nobody who waits, whatever happens", () => {
    fc.assert(
      fc.property(setting, actions, ([slots, count], given) => {
        const groups = names(count);
        const { shares, ask, giveBack, total, idle, couldGo } = setUpGroups(slots, groups);
        for (const [pick, asks] of given) {
          const group = groups[pick % count] ?? "";
          if (asks) ask(group);
          else giveBack(group);
          expect(idle().filter((one) => !shares.hasRoom(one))).toEqual([]);
          expect(couldGo()).toEqual([]);
          expect(total()).toBeLessThanOrEqual(slots);
        }
      }),
    );
  });

  test("gives at least one to each of as many as there are slots, be there ever so many groups", () => {
    const groups = names(9);
    const shares = createSlotShares(3, () => groups);
    expect(groups.map((group) => hog(shares, group))).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  test("names all who were refused when a slot is given back", () => {
    const shares = createSlotShares(4, () => ["a", "b", "c"]);
    hog(shares, "a");
    hog(shares, "b");
    expect(shares.enter("c")).toBe(true);
    expect(shares.leave("c")).toEqual(["c", "a", "b"]);
  });
});
