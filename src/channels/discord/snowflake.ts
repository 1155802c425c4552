/** Discord's ids are times: milliseconds since 2015 in the upper bits, so that newer ones are larger. */
const EPOCH_MS = 1_420_070_400_000;
const TIME_SHIFT = 22n;

/** The smallest id that a message sent at this time (UTC ms) can have. */
export function firstIdAt(ms: number): string {
  return String(BigInt(Math.max(Math.floor(ms) - EPOCH_MS, 0)) << TIME_SHIFT);
}

/** The id just before: reading the history after it begins with this one. */
export function idBefore(id: string): string {
  return String(BigInt(id) - 1n);
}

/** Negative if `a` is older. Ids are numbers of up to 20 digits, so that neither text nor `number` compares them. */
export function compareIds(a: string, b: string): number {
  return a.length === b.length ? compareTexts(a, b) : a.length - b.length;
}

export function newerId(a: string | undefined, b: string): string {
  return a !== undefined && compareIds(a, b) > 0 ? a : b;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** When the id was made, UTC ms. */
export function timeOfId(id: string): number {
  return Number(BigInt(id) >> TIME_SHIFT) + EPOCH_MS;
}
