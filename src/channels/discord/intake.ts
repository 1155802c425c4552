import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Receiver } from "../channel.ts";
import type { ConversationMarks } from "../conversation-marks.ts";
import type { DiscordOptions } from "./options.ts";
import type { Rest } from "./rest.ts";

/** What receiving needs, from its beginning to its end. */
export interface Intake {
  readonly options: DiscordOptions;
  readonly rest: Rest;
  readonly receiver: Receiver;
  readonly marks: ConversationMarks;
  readonly clock: Clock;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}
