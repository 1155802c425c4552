/**
 * Slots are shared out among groups (channels, agents), so that one whose work hangs leaves the others theirs. A group
 * may hold up to three times as many slots as are free, not counting one for each group that holds none: the more hang,
 * the less each may take, and while there are as many slots as groups, one that holds none finds one.
 */
export interface SlotShares {
  /** Whether the group may have one more slot. */
  hasRoom(group: string): boolean;
  /** Takes a slot; false if the group may have none now. */
  enter(group: string): boolean;
  /** Gives a slot back. Returns the groups that may have been waiting for it, this one first. */
  leave(group: string): readonly string[];
}

const TIMES_WHAT_IS_FREE = 3;

/** `groups` is asked at each entry: what is configured now. The only one may take all slots. */
export function createSlotShares(slots: number, groups: () => readonly string[]): SlotShares {
  const taken = new Map<string, number>();
  /** Groups that were ever refused: what is free decides for all of them, whoever gave it back. */
  const refused = new Set<string>();

  function hasRoom(group: string): boolean {
    const free = slots - [...taken.values()].reduce((sum, count) => sum + count, 0);
    const held = taken.get(group) ?? 0;
    const idle = groups().filter((other) => other !== group && !taken.has(other)).length;
    const isAlone = idle === 0 && (taken.size === 0 || (taken.size === 1 && held > 0));
    if (held === 0 || isAlone) return free > 0;
    return held < TIMES_WHAT_IS_FREE * (free - Math.max(idle, 1));
  }

  return {
    hasRoom(group) {
      const room = hasRoom(group);
      if (!room) refused.add(group);
      return room;
    },
    enter(group) {
      if (!this.hasRoom(group)) return false;
      taken.set(group, (taken.get(group) ?? 0) + 1);
      return true;
    },
    leave(group) {
      const count = (taken.get(group) ?? 1) - 1;
      if (count > 0) taken.set(group, count);
      else taken.delete(group);
      return [...new Set([group, ...refused])];
    },
  };
}
