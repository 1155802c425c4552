import { ApiError } from "./api-error.ts";
import type { Args, BotAccount } from "./state.ts";

const TERMINATED =
  "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
const WEBHOOK_IS_SET =
  "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";

/** `getUpdates`: resolves when there is something to give, or the poll's time is over. */
export function getUpdates(bot: BotAccount, args: Args, closed: AbortSignal): Promise<unknown> {
  if (bot.webhook) throw new ApiError(409, WEBHOOK_IS_SET);
  if (Array.isArray(args.allowed_updates)) {
    bot.allowedUpdates = args.allowed_updates.length > 0 ? args.allowed_updates : undefined;
  }
  confirm(bot, Number(args.offset ?? 0));
  bot.poll?.conflict();
  const limit = Math.min(Math.max(Number(args.limit ?? 100), 1), 100);
  const timeoutMs = Math.max(Number(args.timeout ?? 0), 0) * 1000;
  return wait(bot, { limit, timeoutMs, closed });
}

/** Forgets what lies before `offset`; a negative one keeps that many from the end. */
function confirm(bot: BotAccount, offset: number): void {
  if (offset < 0) {
    bot.updates.splice(0, Math.max(0, bot.updates.length + offset));
    return;
  }
  if (offset === 0) return;
  const kept = bot.updates.filter((update) => !update.given || update.body.update_id >= offset);
  bot.updates.splice(0, bot.updates.length, ...kept);
}

function wait(
  bot: BotAccount,
  options: { limit: number; timeoutMs: number; closed: AbortSignal },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const give = () => {
      const batch = bot.updates.slice(0, options.limit);
      for (const update of batch) update.given = true;
      return batch.map((update) => update.body);
    };
    const end = () => {
      clearTimeout(timer);
      options.closed.removeEventListener("abort", end);
      if (bot.poll === poll) bot.poll = undefined;
      resolve(options.closed.aborted ? [] : give());
    };
    const poll = {
      wake: end,
      conflict() {
        clearTimeout(timer);
        options.closed.removeEventListener("abort", end);
        bot.poll = undefined;
        reject(new ApiError(409, TERMINATED));
      },
    };
    const timer = setTimeout(end, options.timeoutMs);
    bot.poll = poll;
    options.closed.addEventListener("abort", end);
    if (bot.updates.length > 0 || options.timeoutMs === 0 || options.closed.aborted) end();
  });
}
