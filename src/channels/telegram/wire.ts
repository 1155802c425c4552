import * as z from "zod";
import type { Attachment, RepliedMessage } from "../../events/event.ts";
import type { IncomingMessage } from "../channel.ts";
import { isAddressed, withoutOwnName } from "./addressing.ts";
import {
  type BotIdentity,
  updateSchema,
  type WireCallback,
  type WireMessage,
  type WireUser,
} from "./update.ts";

/** What an update is to the bot. `callbackId`: a pressed button that waits to be acknowledged. */
export type ReadUpdate =
  | { readonly kind: "message"; readonly message: IncomingMessage; readonly callbackId?: string }
  | { readonly kind: "ignore" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** The kinds of updates that are asked for. */
export const ALLOWED_UPDATES = ["message", "edited_message", "callback_query"] as const;

/** `now`: UTC ms, for what Telegram gives no date to. */
export function readUpdate(update: unknown, me: BotIdentity, now: number): ReadUpdate {
  const parsed = updateSchema.safeParse(update);
  if (!parsed.success) return { kind: "unreadable", reason: z.prettifyError(parsed.error) };
  const { message, edited_message: edited, callback_query: callback } = parsed.data;
  if (message) return readMessage(message, me);
  // An edit without words changes nothing to answer: a live location moves with every step.
  if (edited) return wordsOf(edited) === undefined ? { kind: "ignore" } : readMessage(edited, me);
  if (callback) return readCallback(callback, me, now);
  return { kind: "ignore" };
}

function readMessage(message: WireMessage, me: BotIdentity): ReadUpdate {
  const { from, chat } = message;
  const kind = chatKind(chat.type);
  if (!from || from.is_bot || message.is_automatic_forward || !kind) return { kind: "ignore" };
  const attachments = attachmentsOf(message);
  const words = wordsOf(message);
  if (words === undefined && attachments.length === 0) return { kind: "ignore" };
  const text = withoutOwnName(words ?? "", me);
  if (text === undefined) return { kind: "ignore" };
  const edited = message.edit_date;
  return {
    kind: "message",
    message: {
      key: `telegram/${me.id}/${chat.id}/${message.message_id}${edited === undefined ? "" : `/${edited}`}`,
      sender: senderOf(from),
      chat: { id: String(chat.id), kind, ...threadOf(message) },
      text,
      messageId: String(message.message_id),
      sentAt: (edited ?? message.date) * 1000,
      addressed: kind === "private" || isAddressed(message, me),
      ...repliedOf(message),
      ...(attachments.length > 0 ? { attachments } : {}),
    },
  };
}

function readCallback(callback: WireCallback, me: BotIdentity, now: number): ReadUpdate {
  const { id, from, message, data } = callback;
  const kind = message && chatKind(message.chat.type);
  if (!message || !kind || data === undefined || from.is_bot) return { kind: "ignore" };
  return {
    kind: "message",
    callbackId: id,
    message: {
      key: `telegram/${me.id}/callback/${id}`,
      sender: senderOf(from),
      chat: { id: String(message.chat.id), kind, ...threadOf(message) },
      text: data,
      messageId: String(message.message_id),
      sentAt: now,
      addressed: true,
    },
  };
}

function chatKind(type: string): "private" | "group" | undefined {
  if (type === "private") return "private";
  return type === "group" || type === "supergroup" ? "group" : undefined;
}

const wordsOf = (message: { text?: string | undefined; caption?: string | undefined }) =>
  message.text ?? message.caption;

function senderOf({ id, first_name, last_name }: WireUser): IncomingMessage["sender"] {
  const name = [first_name, last_name].filter(Boolean).join(" ");
  return { id: String(id), ...(name === "" ? {} : { name }) };
}

/** Outside of forums, `message_thread_id` only says which message is answered. */
function threadOf(message: {
  readonly message_thread_id?: number | undefined;
  readonly is_topic_message?: boolean | undefined;
}): { readonly thread?: string } {
  if (!message.is_topic_message || message.message_thread_id === undefined) return {};
  return { thread: String(message.message_thread_id) };
}

function repliedOf(message: WireMessage): { readonly replyTo?: RepliedMessage } {
  const replied = message.reply_to_message;
  // In a topic, every message that answers nothing "answers" the message that made the topic.
  if (!replied || replied.forum_topic_created !== undefined) return {};
  const text = message.quote?.text ?? wordsOf(replied);
  return {
    replyTo: { messageId: String(replied.message_id), ...(text === undefined ? {} : { text }) },
  };
}

/** Fields that carry something beside words, as a person would call it. The first one counts. */
const ATTACHMENTS: readonly (readonly [field: string, kind: string])[] = [
  ["photo", "photo"],
  ["voice", "voice"],
  ["video", "video"],
  ["video_note", "video note"],
  // An animation is repeated as a document, so it comes first; so does a venue as a location.
  ["animation", "animation"],
  ["audio", "audio"],
  ["document", "document"],
  ["sticker", "sticker"],
  ["venue", "venue"],
  ["location", "location"],
  ["contact", "contact"],
  ["poll", "poll"],
  ["dice", "dice"],
  ["story", "story"],
  ["paid_media", "paid media"],
  ["checklist", "checklist"],
  ["game", "game"],
  ["live_photo", "live photo"],
  ["rich_message", "rich message"],
];

function attachmentsOf(message: WireMessage): readonly Attachment[] {
  const found = ATTACHMENTS.find(([field]) => message[field] !== undefined);
  if (!found) return [];
  const name = attachmentName(message[found[0]]);
  return [{ kind: found[1], ...(name === undefined ? {} : { name }) }];
}

const namedSchema = z.object({
  file_name: z.string().optional(),
  title: z.string().optional(),
  emoji: z.string().optional(),
});

function attachmentName(content: unknown): string | undefined {
  const named = namedSchema.safeParse(content);
  return named.success ? (named.data.file_name ?? named.data.title ?? named.data.emoji) : undefined;
}
