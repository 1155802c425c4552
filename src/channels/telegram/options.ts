import * as z from "zod";
import { accessShape, urlSchema } from "../options.ts";

/** Characters that Telegram allows in a webhook's secret. */
const secretSchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,256}$/, "wanted 1 to 256 of the characters A-Z, a-z, 0-9, _ and -");

const webhookSchema = z.strictObject({
  /** Where Telegram reaches this machine, as https. Its path is the one that is listened on. */
  url: urlSchema,
  /** Telegram sends it with every update; without it nothing is taken. */
  secret_token: secretSchema,
  /** Where to listen. A reverse proxy with the certificate stands in front. */
  host: z.string().min(1).default("127.0.0.1"),
  port: z.number().int().min(0).max(65_535),
});

const rateSchema = z.strictObject({
  per_second: z.number().min(0).default(30),
  chat_per_second: z.number().min(0).default(1),
  group_per_minute: z.number().min(0).default(20),
});

/** One Telegram bot. Written as in the configuration, read as `TelegramOptions`. */
export const telegramOptionsSchema = z
  .strictObject({
    platform: z.literal("telegram").optional(),
    /** From @BotFather. */
    token: z.string().min(1),
    /** Another Bot API server than Telegram's own. */
    api_root: urlSchema.default("https://api.telegram.org"),
    ...accessShape,
    /** Without it, updates are polled. */
    webhook: webhookSchema.optional(),
    /** Whether an answer quotes the message it answers. */
    reply_to: z.enum(["groups", "always", "never"]).default("groups"),
    /** Messages that are sent at most; 0 = no limit. Telegram's own limits are the default. */
    rate: rateSchema.prefault({}),
  })
  .transform(({ platform: _, api_root, webhook, reply_to, rate, ...same }) => ({
    ...same,
    apiRoot: api_root,
    replyTo: reply_to,
    rate: {
      perSecond: rate.per_second,
      chatPerSecond: rate.chat_per_second,
      groupPerMinute: rate.group_per_minute,
    },
    ...(webhook
      ? {
          webhook: {
            url: webhook.url,
            secretToken: webhook.secret_token,
            host: webhook.host,
            port: webhook.port,
          },
        }
      : {}),
  }));

/** `allow_from` and `groups` keep their names: `accessRules` takes them as they are. */
export type TelegramOptions = z.output<typeof telegramOptionsSchema>;
