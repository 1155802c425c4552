import { accessRules, describeAccess } from "../../channels/access.ts";
import type { Finding } from "../../channels/channel.ts";
import { createChannel } from "../../channels/create-channel.ts";
import type { ChannelConfig } from "../../config/config.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { errorMessage } from "../../runtime/errors.ts";
import { formatAge } from "../format.ts";
import { SILENT_LOG } from "../silent-log.ts";
import { ok, problem, warning } from "./section.ts";

const PATIENCE_MS = 30_000;

/** What the platform says about the bot, who can reach it, and whether the clocks agree. */
export async function checkChannel(
  config: ChannelConfig,
  { deleteWebhook }: { deleteWebhook: boolean },
): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const access = describeAccess(accessRules(config.options, config.paired));
  const deleted = deleteWebhook ? await deleteWebhookOf(config, signal) : [];
  return [
    ...deleted,
    ok(`Who can talk to it: ${access}`),
    ...(await askPlatform(config, signal)),
    ...(await checkClock(config.options.apiRoot, systemClock, signal)),
  ];
}

async function askPlatform(
  config: ChannelConfig,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    const channel = await createChannel(config.name, config, {
      clock: systemClock,
      random: Math.random,
      log: SILENT_LOG,
      openMarks: async () => NO_MARKS,
    });
    return (await channel.check?.(signal)) ?? [];
  } catch (error) {
    return [problem(`The platform could not be asked: ${errorMessage(error)}`)];
  }
}

const NO_MARKS = {
  get: () => undefined,
  set: () => undefined,
  delete: () => undefined,
  flush: async () => undefined,
  entries: () => [],
  close: async () => undefined,
};

async function deleteWebhookOf(
  config: ChannelConfig,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (config.platform !== "telegram" || config.options.webhook) return [];
  try {
    const { deleteTelegramWebhook } = await import("../../channels/telegram/delete-webhook.ts");
    await deleteTelegramWebhook(config.options, signal);
    return [ok("The webhook is deleted; waiting updates are kept")];
  } catch (error) {
    return [problem(errorMessage(error))];
  }
}

const TOLERATED_MS = 60_000;

/** A platform that cannot be reached was reported by its own check. */
async function checkClock(
  url: string,
  clock: Pick<Clock, "now">,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const date = await dateOf(url, signal);
  if (Number.isNaN(date)) return [];
  const skew = clock.now() - date;
  if (Math.abs(skew) <= TOLERATED_MS) return [ok("This computer's clock is right")];
  const words = `${formatAge(Math.abs(skew))} ${skew > 0 ? "ahead" : "behind"}`;
  return [
    warning(
      `This computer's clock is ${words}`,
      "Set it, best by NTP: ages and limits depend on it",
    ),
  ];
}

async function dateOf(url: string, signal: AbortSignal): Promise<number> {
  try {
    const response = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    return Date.parse(response.headers.get("date") ?? "");
  } catch {
    // The platform's own check says that it cannot be reached, and why.
    return Number.NaN;
  }
}
