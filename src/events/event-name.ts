import { createHash } from "node:crypto";
import type { NewEvent } from "./event.ts";

/**
 * The name of an event's file: `<id>-<lane>-<key>.json`. It carries all that recovery needs, so that contents are
 * read only when their turn comes.
 *
 *   id    16 digits: names sort in order of acceptance
 *   lane  "m" (main) or "c" (control), then 12 hex digits: hash of the lane
 *   key   16 hex digits: hash of the idempotency key
 */
export interface EventName {
  readonly id: string;
  readonly lane: string;
  readonly key: string;
}

const PATTERN = /^\d{16}-[mc][0-9a-f]{12}-[0-9a-f]{16}\.json$/;

const hash = (text: string, digits: number) =>
  createHash("sha256").update(text).digest("hex").slice(0, digits);

export const hashKey = (key: string) => hash(key, 16);

export const hashMainLane = (lane: string) => `m${hash(lane, 12)}`;

export function hashLane(event: NewEvent): string {
  const control = event.type === "InboundEvent" && event.control === true;
  return control ? `c${hash(event.lane, 12)}` : hashMainLane(event.lane);
}

export function eventFileName(id: string, event: NewEvent): string {
  return `${id}-${hashLane(event)}-${hashKey(event.key)}.json`;
}

export function parseEventFileName(file: string): EventName | undefined {
  return isEventFileName(file)
    ? { id: file.slice(0, 16), lane: file.slice(17, 30), key: keyOf(file) }
    : undefined;
}

export const isEventFileName = (file: string): boolean => PATTERN.test(file);

/** The lane's hash in the name of an event's file. */
export const laneOf = (ref: string): string => ref.slice(17, 30);

/** The key's hash in the name of an event's file. */
export const keyOf = (ref: string): string => ref.slice(31, 47);

/** Events of the control lane are handled while others of the same conversation wait. */
export const isControlLane = (lane: string) => lane.startsWith("c");
