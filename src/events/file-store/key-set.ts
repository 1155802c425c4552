/**
 * A set of key hashes (16 hex digits), in 8 bytes each and as many in reserve: the keys of all that is owed and was
 * settled are known at once, and strings of them would cost ten times that.
 */
export interface KeySet {
  has(key: string): boolean;
  /** False if it was there. */
  add(key: string): boolean;
  delete(key: string): void;
  size(): number;
}

/** Slots for 64-bit numbers, two halves each; 0 is an empty one. A hash is random, so its low bits are its place. */
interface Table {
  readonly slots: Uint32Array;
  readonly mask: number;
}

const FIRST_SLOTS = 1024;

const createTable = (count: number): Table => ({
  slots: new Uint32Array(count * 2),
  mask: count - 1,
});

export function createKeySet(): KeySet {
  let table = createTable(FIRST_SLOTS);
  let size = 0;

  /** Half of the slots stay empty, so that a place is found within a few steps. */
  function grow(): void {
    const { slots } = table;
    table = createTable(slots.length);
    for (let at = 0; at < slots.length; at += 2) {
      const [high = 0, low = 0] = [slots[at], slots[at + 1]];
      if (high !== 0 || low !== 0) put(table, place(table, high, low), [high, low]);
    }
  }

  return {
    has(key) {
      const [high, low] = halves(key);
      return !isEmpty(table, place(table, high, low));
    },
    add(key) {
      const [high, low] = halves(key);
      const slot = place(table, high, low);
      if (!isEmpty(table, slot)) return false;
      put(table, slot, [high, low]);
      size += 1;
      if (size * 2 > table.mask) grow();
      return true;
    },
    delete(key) {
      const [high, low] = halves(key);
      const slot = place(table, high, low);
      if (isEmpty(table, slot)) return;
      size -= 1;
      closeGap(table, slot);
    },
    size: () => size,
  };
}

/** Never 0 and 0, which is an empty slot. */
function halves(key: string): readonly [high: number, low: number] {
  const high = Number.parseInt(key.slice(0, 8), 16);
  const low = Number.parseInt(key.slice(8), 16);
  return high === 0 && low === 0 ? [1, 0] : [high, low];
}

const isEmpty = ({ slots }: Table, slot: number) =>
  slots[slot * 2] === 0 && slots[slot * 2 + 1] === 0;

/** The slot that holds the number, or the empty one where it belongs. */
function place({ slots, mask }: Table, high: number, low: number): number {
  let slot = low & mask;
  for (; slots[slot * 2] !== 0 || slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
    if (slots[slot * 2] === high && slots[slot * 2 + 1] === low) return slot;
  }
  return slot;
}

function put({ slots }: Table, slot: number, [high, low]: readonly [number, number]): void {
  slots[slot * 2] = high;
  slots[slot * 2 + 1] = low;
}

/** Moves later ones of the run forward, so that no search ends at the gap too early. */
function closeGap(table: Table, start: number): void {
  const { slots, mask } = table;
  let gap = start;
  for (let slot = (gap + 1) & mask; !isEmpty(table, slot); slot = (slot + 1) & mask) {
    const home = (slots[slot * 2 + 1] ?? 0) & mask;
    const isBetween = ((slot - home) & mask) < ((slot - gap) & mask);
    if (isBetween) continue;
    put(table, gap, [slots[slot * 2] ?? 0, slots[slot * 2 + 1] ?? 0]);
    gap = slot;
  }
  put(table, gap, [0, 0]);
}
