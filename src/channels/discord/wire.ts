import * as z from "zod";
import type { Attachment, RepliedMessage, Sender } from "../../events/event.ts";
import type { IncomingMessage } from "../channel.ts";

/** What the reading of a message depends on. */
export interface ReadContext {
  readonly botId: string;
  /** The gateway says where a message was written; the history leaves it out. */
  readonly kind: "private" | "group";
}

const idSchema = z.string().regex(/^\d+$/);

const userSchema = z.object({
  id: idSchema,
  username: z.string(),
  global_name: z.string().nullish(),
  bot: z.boolean().optional(),
});
type User = z.output<typeof userSchema>;

const attachmentSchema = z.object({
  filename: z.string().optional(),
  content_type: z.string().nullish(),
});

const bodyShape = {
  content: z.string(),
  attachments: z.array(attachmentSchema).default([]),
  sticker_items: z.array(z.object({ name: z.string() })).default([]),
};
const contentShape = { ...bodyShape, mentions: z.array(userSchema).default([]) };

const messageSchema = z.object({
  id: idSchema,
  channel_id: idSchema,
  author: userSchema,
  ...contentShape,
  timestamp: z.iso.datetime({ offset: true }),
  type: z.number(),
  flags: z.number().default(0),
  webhook_id: z.string().nullish(),
  member: z.object({ nick: z.string().nullish() }).nullish(),
  poll: z.object({ question: z.object({ text: z.string().nullish() }) }).nullish(),
  referenced_message: z
    .object({ id: idSchema, author: userSchema, ...contentShape })
    .nullish()
    // A replied-to message of a kind that is not understood costs the quotation, not the message.
    .catch(undefined),
  message_snapshots: z
    .array(z.object({ message: z.object(bodyShape) }))
    .nullish()
    .catch(undefined),
});
type Message = z.output<typeof messageSchema>;

/** Enough of a message to know its place, whatever else is wrong with it. */
const placeSchema = z.object({ id: idSchema, channel_id: idSchema });

/**
 * One message of a conversation in its order. Nothing is to be done with one that has neither a `message` (something a
 * person said) nor is `broken` (to be set aside), but the conversation's mark moves over it.
 */
export interface Entry {
  readonly id: string;
  readonly message?: IncomingMessage;
  readonly broken?: { readonly payload: unknown; readonly reason: string };
}

/** 0 = a message, 19 = a reply. All others are told by Discord itself: someone joined, a message was pinned, … */
const SAID_BY_A_PERSON = new Set([0, 19]);
const IS_VOICE_MESSAGE = 1 << 13;

/** Reads a message of the gateway or of the history. Undefined if it does not even say which one it is. */
export function readMessage(payload: unknown, context: ReadContext): Entry | undefined {
  const place = placeSchema.safeParse(payload);
  if (!place.success) return undefined;
  const { id } = place.data;
  const parsed = messageSchema.safeParse(payload);
  if (!parsed.success) return { id, broken: { payload, reason: z.prettifyError(parsed.error) } };
  const message = parsed.data;
  const isPerson = !message.author.bot && !message.webhook_id && SAID_BY_A_PERSON.has(message.type);
  return isPerson ? { id, message: incoming(message, context) } : { id };
}

/** The channel of a gateway's message, and whether it is private. Undefined if it does not say so. */
export function readPlace(
  payload: unknown,
): { channelId: string; kind: ReadContext["kind"] } | undefined {
  const parsed = placeSchema.extend({ guild_id: idSchema.optional() }).safeParse(payload);
  if (!parsed.success) return undefined;
  const { channel_id, guild_id } = parsed.data;
  return { channelId: channel_id, kind: guild_id === undefined ? "private" : "group" };
}

function incoming(message: Message, { botId, kind }: ReadContext): IncomingMessage {
  const attachments = attachmentsOf(message);
  const replied = message.referenced_message;
  return {
    // With the bot's id: two bots of this server may share a channel, and both are spoken to in one message.
    key: `discord/${botId}/${message.id}`,
    sender: senderOf(message.author, message.member?.nick),
    chat: { id: message.channel_id, kind },
    text: withoutLeadingMention(textOf(message), botId, message.mentions),
    messageId: message.id,
    sentAt: Date.parse(message.timestamp),
    addressed:
      kind === "private" ||
      replied?.author.id === botId ||
      message.mentions.some((user) => user.id === botId),
    ...(replied ? { replyTo: repliedMessage(replied) } : {}),
    ...(attachments.length > 0 ? { attachments } : {}),
  };
}

function senderOf(user: User, nick: string | null | undefined): Sender {
  return { id: user.id, name: nick ?? nameOf(user) };
}

const nameOf = (user: User) => user.global_name ?? user.username;

/** A forwarded message has its text in a snapshot. */
function textOf(message: Message): string {
  return message.content || (message.message_snapshots?.[0]?.message.content ?? "");
}

function repliedMessage(
  replied: NonNullable<Message["referenced_message"]>,
): RepliedMessage | undefined {
  const text = readable(replied.content, replied.mentions);
  return { messageId: replied.id, ...(text === "" ? {} : { text }) };
}

function withoutLeadingMention(text: string, botId: string, mentions: readonly User[]): string {
  const rest = text.replace(new RegExp(`^\\s*<@!?${botId}>[\\s,:]*`), "");
  return readable(rest, mentions);
}

/** Discord's marks for people, emoji and commands in the words that its apps show. */
function readable(text: string, mentions: readonly User[]): string {
  return text
    .replace(/<@!?(\d+)>/g, (mark, id: string) => {
      const user = mentions.find((candidate) => candidate.id === id);
      return user ? `@${nameOf(user)}` : mark;
    })
    .replace(/<a?(:\w+:)\d+>/g, "$1")
    .replace(/<(\/[^:>]+):\d+>/g, "$1");
}

function attachmentsOf(message: Message): readonly Attachment[] {
  const isVoice = (message.flags & IS_VOICE_MESSAGE) !== 0;
  const forwarded = message.message_snapshots?.[0]?.message;
  const files = [...message.attachments, ...(forwarded?.attachments ?? [])];
  const stickers = [...message.sticker_items, ...(forwarded?.sticker_items ?? [])];
  const poll = message.poll ? [{ kind: "poll", ...named(message.poll.question.text) }] : [];
  return [
    ...files.map((file) => ({
      kind: isVoice ? "voice" : kindOf(file.content_type),
      ...named(file.filename),
    })),
    ...stickers.map(({ name }) => ({ kind: "sticker", name })),
    ...poll,
  ];
}

const named = (name: string | null | undefined) => (name ? { name } : {});

function kindOf(contentType: string | null | undefined): string {
  if (contentType?.startsWith("image/")) return "photo";
  if (contentType?.startsWith("audio/")) return "audio";
  return contentType?.startsWith("video/") ? "video" : "document";
}
