import * as z from "zod";
import { accessShape, urlSchema } from "../options.ts";

/** One Discord bot. Written as in the configuration, read as `DiscordOptions`. */
export const discordOptionsSchema = z
  .strictObject({
    platform: z.literal("discord").optional(),
    /** From the developer portal, page "Bot". */
    token: z.string().min(1),
    /** Another API server than Discord's own; the gateway's address is asked there. */
    api_root: urlSchema.default("https://discord.com/api"),
    /** User ids in `allow_from`, channel or thread ids in `groups`. */
    ...accessShape,
    /** Whether an answer quotes the message it answers. */
    reply_to: z.enum(["groups", "always", "never"]).default("groups"),
  })
  .transform(({ platform: _, api_root, reply_to, ...same }) => ({
    ...same,
    apiRoot: api_root,
    replyTo: reply_to,
  }));

/** `allow_from` and `groups` keep their names: `accessRules` takes them as they are. */
export type DiscordOptions = z.output<typeof discordOptionsSchema>;
