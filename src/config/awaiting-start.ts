import { formatDuration } from "../runtime/duration.ts";
import type { Config } from "./config.ts";

/** Settings of which the running server is made: an edit counts from the next start on. */
const READ_AT_THE_START: Readonly<Record<string, (config: Config) => string | number>> = {
  "turns.concurrency": ({ turns }) => turns.concurrency,
  "delivery.concurrency": ({ delivery }) => delivery.concurrency,
  "events.keep_done": ({ events }) => formatDuration(events.keepDoneMs),
  "events.keep_done_count": ({ events }) => events.keepDoneCount,
  "events.sync": ({ events }) => events.sync,
};

/** Which of them were edited since the start, each in one line. */
export function awaitingStart(started: Config, now: Config): readonly string[] {
  return Object.entries(READ_AT_THE_START).flatMap(([name, valueIn]) => {
    const [inForce, edited] = [valueIn(started), valueIn(now)];
    if (inForce === edited) return [];
    return [`\`${name}\` is read at the start: until the next one it stays ${inForce}`];
  });
}
