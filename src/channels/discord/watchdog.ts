import { type Clock, pause } from "../../runtime/clock.ts";

/** Gives up a connection that says nothing, whatever the library makes of it. */
export interface Watchdog {
  /** Something came: an event, or the answer to a heartbeat. Without a session that is of no use, and does not count. */
  heard(): void;
  /** The session has begun, or goes on. */
  ready(): void;
  /** The connection is lost; the library opens another one. */
  lost(): void;
}

/** Until the session has begun. */
const OPENING_MS = 30_000;
/** Discord has its heartbeat answered about every 41 s. */
const OPEN_MS = 90_000;

/** `onSilent` is called after one to two times the patience, by passed time and not by the clock on the wall; once. */
export function createWatchdog(clock: Clock, onSilent: () => void, over: AbortSignal): Watchdog {
  let count = 0;
  let patienceMs = OPENING_MS;
  let hasSession = false;

  async function watch(): Promise<void> {
    for (let before = -1; before !== count; ) {
      before = count;
      await pause(clock, patienceMs, over);
      if (over.aborted) return;
    }
    onSilent();
  }

  void watch();
  return {
    heard() {
      if (hasSession) count += 1;
    },
    lost() {
      hasSession = false;
    },
    ready() {
      hasSession = true;
      count += 1;
      patienceMs = OPEN_MS;
    },
  };
}
