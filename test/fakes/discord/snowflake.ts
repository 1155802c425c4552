const EPOCH_MS = 1_420_070_400_000n;

/** Ids as Discord makes them: time in the upper bits, rising within a millisecond too. */
export function createSnowflakes(now: () => number = Date.now): () => string {
  let last = 0n;
  return () => {
    const first = (BigInt(now()) - EPOCH_MS) << 22n;
    last = first > last ? first : last + 1n;
    return String(last);
  };
}

/** -1, 0 or 1: ids are compared as numbers, whatever their length. */
export function compareIds(a: string, b: string): number {
  const [left, right] = [BigInt(a), BigInt(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
