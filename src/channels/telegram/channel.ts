import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Channel } from "../channel.ts";
import { checkTelegram } from "./check.ts";
import { createTelegramClient } from "./client.ts";
import type { Connection } from "./connection.ts";
import { TEXT_LENGTH } from "./limits.ts";
import type { TelegramOptions } from "./options.ts";
import { receiveByPolling } from "./poll.ts";
import { createSender } from "./send.ts";
import { receiveByWebhook } from "./webhook.ts";

export interface TelegramDeps {
  readonly clock: Clock;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
  readonly log: Log;
}

/** One Telegram bot, by long polling or by webhook. */
export function createTelegramChannel(
  name: string,
  options: TelegramOptions,
  { clock, random, log }: TelegramDeps,
): Channel {
  const client = createTelegramClient(options, clock);
  const { send, typing } = createSender(client, log);
  return {
    name,
    platform: "telegram",
    limits: { textLength: TEXT_LENGTH },
    async receive(receiver, signal) {
      const intake = { client, clock, log, receiver, signal };
      const connection: Connection = { intake, options, random };
      await (options.webhook
        ? receiveByWebhook(connection, options.webhook)
        : receiveByPolling(connection));
    },
    send,
    typing,
    check: (signal) => checkTelegram(client, options, signal),
  };
}
