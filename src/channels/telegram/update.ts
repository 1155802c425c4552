import * as z from "zod";

/** The bot itself, as `getMe` tells it. */
export interface BotIdentity {
  readonly id: number;
  /** Without the "@". */
  readonly username: string;
}

const userSchema = z.object({
  id: z.number(),
  is_bot: z.boolean().catch(false),
  first_name: z.string().catch(""),
  last_name: z.string().optional().catch(undefined),
});
const entitySchema = z.object({
  type: z.string(),
  offset: z.number(),
  length: z.number(),
  user: z.object({ id: z.number() }).optional(),
});
const entitiesSchema = z.array(entitySchema).optional().catch(undefined);
const chatSchema = z.object({ id: z.number(), type: z.string() });
const textFields = {
  text: z.string().optional(),
  caption: z.string().optional(),
};
const repliedSchema = z.object({
  message_id: z.number(),
  from: z.object({ id: z.number() }).optional().catch(undefined),
  forum_topic_created: z.unknown().optional(),
  ...textFields,
});
/** Loose: what it carries beside text is found by the names of its fields. */
const messageSchema = z.looseObject({
  message_id: z.number(),
  date: z.number(),
  edit_date: z.number().optional(),
  chat: chatSchema,
  from: userSchema.optional(),
  is_automatic_forward: z.boolean().optional().catch(undefined),
  message_thread_id: z.number().optional(),
  is_topic_message: z.boolean().optional().catch(undefined),
  ...textFields,
  entities: entitiesSchema,
  caption_entities: entitiesSchema,
  reply_to_message: repliedSchema.optional().catch(undefined),
  quote: z.object({ text: z.string() }).optional().catch(undefined),
});
export type WireMessage = z.output<typeof messageSchema>;
export type WireUser = z.output<typeof userSchema>;

const callbackSchema = z.object({
  id: z.string(),
  from: userSchema,
  message: z
    .object({
      message_id: z.number(),
      chat: chatSchema,
      message_thread_id: z.number().optional(),
      is_topic_message: z.boolean().optional(),
    })
    .optional(),
  data: z.string().optional(),
});
export type WireCallback = z.output<typeof callbackSchema>;

/** What is read of an update; the rest is let be. A field that is only nice to have never makes it unreadable. */
export const updateSchema = z.object({
  message: messageSchema.optional(),
  edited_message: messageSchema.optional(),
  callback_query: callbackSchema.optional(),
});
