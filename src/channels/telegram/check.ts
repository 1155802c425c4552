import type { Finding } from "../channel.ts";
import { CALL_DEADLINE_MS, type TelegramClient } from "./client.ts";
import { readFailure } from "./errors.ts";
import type { TelegramOptions } from "./options.ts";

interface Account {
  readonly username?: string;
  readonly can_read_all_group_messages?: boolean;
}

interface WebhookInfo {
  readonly url?: string;
  readonly pending_update_count?: number;
  readonly last_error_message?: string;
}

/** Asks Telegram about the bot, and compares the answers with the configuration. Changes nothing. */
export async function checkTelegram(
  client: TelegramClient,
  options: TelegramOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const limits = { deadlineMs: CALL_DEADLINE_MS, signal };
  try {
    const account = await client.call((api, abort) => api.getMe(abort), limits);
    const webhook = await client.call((api, abort) => api.getWebhookInfo(abort), limits);
    return [
      { level: "ok", text: `The token is accepted: @${account.username}` },
      ...checkWebhook(webhook, options),
      ...checkPrivacy(account, options),
      ...checkAccess(options),
    ];
  } catch (error) {
    return [unreachable(error, options), ...checkAccess(options)];
  }
}

function unreachable(error: unknown, options: TelegramOptions): Finding {
  const failure = readFailure(error);
  if (failure.kind === "refused" && (failure.code === 401 || failure.code === 404)) {
    return {
      level: "problem",
      text: `The token is refused (${failure.reason})`,
      remedy: "Get the bot's token from @BotFather (/mybots, API Token) and set it as token",
    };
  }
  return {
    level: "problem",
    text: `${options.apiRoot} does not answer as Telegram does: ${failure.reason}`,
    remedy:
      (failure.kind === "unanswered" && failure.verdict.remedy) ||
      "Check the network, a proxy on the way, and api_root",
  };
}

function checkWebhook(info: WebhookInfo, { webhook }: TelegramOptions): Finding[] {
  const waiting = info.pending_update_count ?? 0;
  if (!webhook && info.url) {
    return [
      {
        level: "problem",
        text: `Telegram sends the updates to ${info.url} (${waiting} waiting), but polling is configured`,
        remedy: "Delete the webhook with `my-bot doctor --delete-webhook`, or configure `webhook`",
      },
    ];
  }
  if (!webhook) return [{ level: "ok", text: `No webhook is set; ${waiting} updates wait` }];
  if (info.url !== webhook.url) {
    return [
      {
        level: "warning",
        text: `Telegram has ${info.url ? `the webhook ${info.url}` : "no webhook"}, not ${webhook.url}`,
        remedy: "Start the server: it sets the webhook",
      },
    ];
  }
  if (info.last_error_message === undefined || waiting === 0) {
    return [{ level: "ok", text: `The webhook is set; ${waiting} updates wait` }];
  }
  return [
    {
      level: "warning",
      text: `Telegram could not deliver to the webhook: ${info.last_error_message} (${waiting} waiting)`,
      remedy: "Check that the server runs and that its reverse proxy passes requests on",
    },
  ];
}

function checkPrivacy(account: Account, { groups }: TelegramOptions): Finding[] {
  const all = Object.entries(groups).filter(([, group]) => !group.mention);
  if (all.length === 0 || account.can_read_all_group_messages) return [];
  return [
    {
      level: "warning",
      text: `The bot does not get every message of ${all.map(([id]) => id).join(", ")}: its privacy mode is on`,
      remedy:
        "Turn it off at @BotFather (/setprivacy), then remove the bot from the group and add it again",
    },
  ];
}

function checkAccess({ allow_from, groups }: TelegramOptions): Finding[] {
  if (allow_from.includes("*")) {
    return [
      {
        level: "warning",
        text: 'Everyone may talk to the bot: allow_from has "*"',
        remedy: "Name the users instead, unless everyone is meant",
      },
    ];
  }
  const named = Object.values(groups).some((group) => (group.allow_from ?? []).length > 0);
  if (allow_from.length > 0 || named) return [];
  return [
    {
      level: "warning",
      text: "Nobody is named in allow_from: only paired users may talk to the bot",
      remedy:
        "Add your user id to allow_from, or pair with the code that the server prints at its start",
    },
  ];
}
