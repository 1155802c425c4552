import { systemClock } from "../../runtime/clock.ts";
import { CALL_DEADLINE_MS, createTelegramClient } from "./client.ts";
import { readFailure, toDeliveryError } from "./errors.ts";
import type { TelegramOptions } from "./options.ts";

/** Deletes the bot's webhook, so that it can be polled; waiting updates are kept. Rejects with a DeliveryError. */
export async function deleteTelegramWebhook(
  options: TelegramOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await createTelegramClient(options, systemClock).call(
      (api, abort) => api.deleteWebhook({ drop_pending_updates: false }, abort),
      { deadlineMs: CALL_DEADLINE_MS, signal },
    );
  } catch (error) {
    throw toDeliveryError("delete the webhook", readFailure(error));
  }
}
