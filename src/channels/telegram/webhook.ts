import { repeatUntilAborted } from "../reconnect.ts";
import { CALL_DEADLINE_MS } from "./client.ts";
import { type Connection, connectedReporter, explain } from "./connection.ts";
import { fetchIdentity, type Intake, takeUpdates } from "./intake.ts";
import { registerMenu } from "./menu.ts";
import type { TelegramOptions } from "./options.ts";
import type { BotIdentity } from "./update.ts";
import { createWebhookServer } from "./webhook-server.ts";
import { ALLOWED_UPDATES } from "./wire.ts";

type WebhookOptions = NonNullable<TelegramOptions["webhook"]>;

/** How often it is looked whether Telegram still has the webhook. */
const CHECK_EVERY_MS = 5 * 60_000;
/** That nobody writes is no trouble; that Telegram does not answer twice in a row is. */
const MAX_SILENCE_MS = 2 * CHECK_EVERY_MS + 60_000;

/**
 * Telegram posts updates to us; 200 says that they are durable. The webhook stays set when this ends: Telegram keeps
 * updates, and posts them again, until somebody takes them.
 */
export async function receiveByWebhook(
  connection: Connection,
  webhook: WebhookOptions,
): Promise<void> {
  const { intake } = connection;
  const { signal, receiver, clock } = intake;
  let me: BotIdentity | undefined;
  let announced = false;
  let menu: Promise<void> | undefined;
  const reportConnected = connectedReporter(intake, MAX_SILENCE_MS);
  const server = createWebhookServer(webhook, take);

  async function take(update: unknown): Promise<void> {
    if (!me) throw new Error("Cannot take an update: the bot's own id is not known yet");
    try {
      await takeUpdates([update], me, intake);
    } catch (error) {
      await onFailure(error);
      throw error;
    }
    reportConnected(me);
  }

  async function onFailure(error: unknown) {
    const trouble = await explain(error, connection);
    reportConnected.forget();
    receiver.report(trouble.state);
    return trouble.wait;
  }

  async function step(): Promise<void> {
    await server.listen();
    me ??= await fetchIdentity(intake);
    if (!announced || (await currentUrl(intake)) !== webhook.url) await announce(webhook, intake);
    announced = true;
    reportConnected(me);
    menu ??= registerMenu(intake);
    await clock.sleep(CHECK_EVERY_MS, signal);
  }

  receiver.report({ kind: "connecting" });
  await repeatUntilAborted(step, {
    ...connection,
    clock,
    signal,
    onFailure,
  });
  await server.close();
  await menu;
}

async function announce(webhook: WebhookOptions, { client, signal }: Intake): Promise<void> {
  const args = {
    url: webhook.url,
    secret_token: webhook.secretToken,
    allowed_updates: ALLOWED_UPDATES,
    // One after another, or they would overtake each other.
    max_connections: 1,
  };
  await client.call((api, abort) => api.setWebhook(args, abort), {
    deadlineMs: CALL_DEADLINE_MS,
    signal,
  });
}

async function currentUrl({ client, signal }: Intake): Promise<string> {
  const info = await client.call((api, abort) => api.getWebhookInfo(abort), {
    deadlineMs: CALL_DEADLINE_MS,
    signal,
  });
  return info.url ?? "";
}
