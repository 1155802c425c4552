import type { Clock } from "../../runtime/clock.ts";
import type { ConversationMarks } from "../conversation-marks.ts";
import type { Rest } from "./rest.ts";
import { compareIds, firstIdAt, timeOfId } from "./snowflake.ts";

/**
 * Where a conversation without a mark begins. Nothing old is answered, so that is after its newest message; but what
 * was written since the channel was started is not old, even if the first connection took long or needed a restart.
 */
export interface Beginning {
  /** Makes the start durable, unless one that did not get as far as a connection is already. */
  keep(): Promise<void>;
  /** `newest`: the id of the conversation's newest message. To be asked after Discord has answered something. */
  of(newest: string): string;
  /** Every conversation has its own mark now. */
  forget(): void;
  /**
   * Receiving ended at this time, UTC ms: what is written from then on is not old for the next start, which may name
   * people who were strangers until now.
   */
  endedAt(time: number): void;
}

/** Among the marks; no conversation is named so. */
const SINCE = "since";
/** Discord tells its time in whole seconds. */
const RESOLUTION_MS = 1_000;

export function createBeginning(marks: ConversationMarks, clock: Clock, rest: Rest): Beginning {
  const since = marks.get(SINCE) ?? firstIdAt(clock.now());
  return {
    async keep() {
      marks.set(SINCE, since);
      await marks.flush();
    },
    of(newest) {
      const start = firstIdAt(timeOfId(since) + rest.clockSkewMs() - RESOLUTION_MS);
      return compareIds(start, newest) < 0 ? start : newest;
    },
    forget: () => marks.delete(SINCE),
    endedAt: (time) => marks.set(SINCE, firstIdAt(time)),
  };
}
