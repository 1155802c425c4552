import type { Sender } from "../events/event.ts";

/** Somebody who wrote to the bot in a chat of their own. */
export interface Person {
  /** The channel's name. */
  readonly channel: string;
  readonly sender: Sender;
  /** Where to talk to them. */
  readonly chat: string;
}
