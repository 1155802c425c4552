import { badRequest } from "./api-error.ts";
import type { MethodContext } from "./methods.ts";
import { type BotAccount, seconds } from "./state.ts";

const SECRET = /^[A-Za-z0-9_-]{1,256}$/;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 1_000;

export interface WebhookPusher {
  setWebhook(context: MethodContext): unknown;
  deleteWebhook(context: MethodContext): unknown;
  getWebhookInfo(context: MethodContext): unknown;
  /** Posts what waits, unless a push is running. */
  kick(bot: BotAccount): void;
  /** Stops all pushes; resolves when none is running. */
  close(): Promise<void>;
}

/** Posts updates one after another, as a server does with `max_connections: 1`; each again until it gets a 2xx. */
export function createWebhookPusher(): WebhookPusher {
  const running = new Map<BotAccount, Promise<void>>();
  const closing = new AbortController();

  const kick = (bot: BotAccount): void => {
    if (!bot.webhook || running.has(bot) || closing.signal.aborted) return;
    const push = pushAll(bot, closing.signal).finally(() => running.delete(bot));
    running.set(bot, push);
  };

  return {
    kick,
    setWebhook({ bot, args }) {
      bot.webhook = readWebhook(args);
      if (Array.isArray(args.allowed_updates)) bot.allowedUpdates = args.allowed_updates;
      forgetIfTold(bot, args);
      bot.poll?.conflict();
      kick(bot);
      return true;
    },
    deleteWebhook({ bot, args }) {
      bot.webhook = undefined;
      forgetIfTold(bot, args);
      return true;
    },
    getWebhookInfo: ({ bot }) => describeWebhook(bot),
    async close() {
      closing.abort();
      await Promise.all(running.values());
    },
  };
}

function readWebhook(args: MethodContext["args"]): BotAccount["webhook"] {
  const { url, secret_token: secret } = args;
  if (typeof url !== "string" || !URL.canParse(url)) throw badRequest("bad webhook: invalid URL");
  if (secret !== undefined && !SECRET.test(String(secret))) {
    throw badRequest("secret token contains unallowed characters");
  }
  return {
    url,
    secretToken: secret === undefined ? undefined : String(secret),
    maxConnections: Number(args.max_connections ?? 40),
    lastError: undefined,
  };
}

function forgetIfTold(bot: BotAccount, args: MethodContext["args"]): void {
  if (args.drop_pending_updates === true) bot.updates.splice(0);
}

function describeWebhook(bot: BotAccount): unknown {
  const { webhook } = bot;
  return {
    url: webhook?.url ?? "",
    has_custom_certificate: false,
    pending_update_count: bot.updates.length,
    ...(webhook ? { max_connections: webhook.maxConnections } : {}),
    ...(webhook?.lastError
      ? {
          last_error_date: seconds(webhook.lastError.at),
          last_error_message: webhook.lastError.message,
        }
      : {}),
    ...(bot.allowedUpdates ? { allowed_updates: bot.allowedUpdates } : {}),
  };
}

async function pushAll(bot: BotAccount, closing: AbortSignal): Promise<void> {
  let failures = 0;
  while (bot.webhook && bot.updates.length > 0 && !closing.aborted) {
    const webhook = bot.webhook;
    const [update] = bot.updates;
    const problem = await post(webhook, update?.body, closing);
    if (problem === undefined) {
      failures = 0;
      const at = update ? bot.updates.indexOf(update) : -1;
      if (at >= 0) bot.updates.splice(at, 1);
      continue;
    }
    webhook.lastError = { at: Date.now(), message: problem };
    failures += 1;
    await pause(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS), closing);
  }
}

async function post(
  webhook: NonNullable<BotAccount["webhook"]>,
  body: unknown,
  closing: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(webhook.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(webhook.secretToken === undefined
          ? {}
          : { "x-telegram-bot-api-secret-token": webhook.secretToken }),
      },
      body: JSON.stringify(body),
      signal: closing,
    });
    await response.arrayBuffer();
    return response.ok ? undefined : `Wrong response from the webhook: ${response.status}`;
  } catch (error) {
    return `Connection failed: ${String(error)}`;
  }
}

function pause(ms: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      closing.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    closing.addEventListener("abort", end);
    if (closing.aborted) end();
  });
}
