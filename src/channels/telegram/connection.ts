import { CALL_DEADLINE_MS } from "./client.ts";
import type { Intake } from "./intake.ts";
import type { TelegramOptions } from "./options.ts";
import { explainTrouble, type Trouble } from "./trouble.ts";
import type { BotIdentity } from "./update.ts";

/** What receiving needs, by polling or by webhook. */
export interface Connection {
  readonly intake: Intake;
  readonly options: TelegramOptions;
  /** 0 ≤ random() < 1. */
  readonly random: () => number;
}

/** Says that the connection works: at once when it did not before, else every few seconds. */
export interface ConnectedReporter {
  (me: BotIdentity): void;
  /** The connection is down: the next report is due at once. */
  forget(): void;
}

const REPORT_EVERY_MS = 5_000;

/** `maxSilenceMs`: how long Telegram may say nothing before something is wrong. */
export function connectedReporter(
  { receiver, clock }: Intake,
  maxSilenceMs: number,
): ConnectedReporter {
  let last: number | undefined;
  const report = (me: BotIdentity): void => {
    const now = clock.now();
    if (last !== undefined && now >= last && now - last < REPORT_EVERY_MS) return;
    last = now;
    const account = `@${me.username}`;
    receiver.report({ kind: "connected", account, lastPollAt: now, maxSilenceMs });
  };
  return Object.assign(report, {
    forget() {
      last = undefined;
    },
  });
}

export function explain(error: unknown, { intake, options }: Connection): Promise<Trouble> {
  return explainTrouble(error, {
    apiRoot: options.apiRoot,
    webhookUrl: () => fetchWebhookUrl(intake),
  });
}

/** The webhook that Telegram has for the bot, "" for none; undefined if it does not tell. */
async function fetchWebhookUrl({ client, signal, log }: Intake): Promise<string | undefined> {
  try {
    const info = await client.call((api, abort) => api.getWebhookInfo(abort), {
      deadlineMs: CALL_DEADLINE_MS,
      signal,
    });
    return info.url ?? "";
  } catch {
    // The trouble that made us ask is reported; this would only have told more about it.
    log.debug("cannot ask Telegram for the webhook");
    return undefined;
  }
}
