/** A longer one is not believed: it would silence a conversation for good. */
const LONGEST_MS = 24 * 3_600_000;

/** The header `Retry-After`, in seconds or as a date, as ms from `now` (UTC ms); undefined if it says nothing usable. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === "") return undefined;
  const seconds = Number(header);
  return boundedWaitMs(Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000);
}

/** A wait that a platform asks for, ms; undefined if it is none. */
export function boundedWaitMs(ms: number): number | undefined {
  return ms > 0 ? Math.min(Math.ceil(ms), LONGEST_MS) : undefined;
}
