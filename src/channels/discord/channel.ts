import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Channel } from "../channel.ts";
import type { ConversationMarks } from "../conversation-marks.ts";
import { checkDiscord } from "./check.ts";
import type { DiscordOptions } from "./options.ts";
import { receiveDiscord } from "./receive.ts";
import { createRest } from "./rest.ts";
import { createSender, TEXT_LENGTH } from "./send.ts";

/** A code block that is wider is wrapped, and a table in it not readable any more. */
const TABLE_COLUMNS = 64;

export interface DiscordDeps {
  readonly clock: Clock;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly marks: ConversationMarks;
}

/**
 * One Discord bot: the gateway tells what people write, the history what the gateway could not tell, and the REST API
 * takes the answers, with or without a connection to the gateway.
 */
export function createDiscordChannel(
  name: string,
  options: DiscordOptions,
  deps: DiscordDeps,
): Channel {
  let refused = new AbortController();
  const rest = createRest({
    apiRoot: options.apiRoot,
    token: options.token,
    clock: deps.clock,
    onTokenRefused: (error) => refused.abort(error),
  });
  return {
    name,
    platform: "discord",
    limits: { textLength: TEXT_LENGTH },
    async prepare(markdown) {
      // Loaded with the first message that is sent: the parser is large.
      const { replaceTablesInTurns } = await import("../replace-tables-in-turns.ts");
      return replaceTablesInTurns(markdown, TABLE_COLUMNS);
    },
    ...createSender(rest),
    receive: (receiver, signal) =>
      receiveDiscord({ ...deps, options, rest, receiver, signal }, () => {
        refused = new AbortController();
        return refused.signal;
      }),
    check: (signal) => checkDiscord(rest, options, signal),
  };
}
