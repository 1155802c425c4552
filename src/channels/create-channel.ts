import { assertNever } from "../runtime/assert-never.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Channel } from "./channel.ts";
import type { ConversationMarks } from "./conversation-marks.ts";
import type { DiscordOptions } from "./discord/options.ts";
import type { TelegramOptions } from "./telegram/options.ts";

export type ChannelOptions =
  | { readonly platform: "telegram"; readonly options: TelegramOptions }
  | { readonly platform: "discord"; readonly options: DiscordOptions };

export interface ChannelDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Opened only by platforms that need it. */
  readonly openMarks: () => Promise<ConversationMarks & { close(): Promise<void> }>;
}

/** A channel of a platform. Only the adapter that is configured is loaded: the others cost nothing. */
export async function createChannel(
  name: string,
  config: ChannelOptions,
  deps: ChannelDeps,
): Promise<Channel> {
  switch (config.platform) {
    case "telegram": {
      const { createTelegramChannel } = await import("./telegram/channel.ts");
      return createTelegramChannel(name, config.options, deps);
    }
    case "discord":
      return createDiscord(name, config.options, deps);
    default:
      return assertNever(config);
  }
}

/** The marks belong to one connection, and are closed with it. */
async function createDiscord(name: string, options: DiscordOptions, deps: ChannelDeps) {
  const { createDiscordChannel } = await import("./discord/channel.ts");
  const marks = await deps.openMarks();
  const channel = createDiscordChannel(name, options, { ...deps, marks });
  const receive: Channel["receive"] = async (receiver, signal) => {
    try {
      await channel.receive(receiver, signal);
    } finally {
      await marks.close();
    }
  };
  return { ...channel, receive };
}
