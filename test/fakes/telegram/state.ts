import type { Entity } from "./entities.ts";

/** What the fake knows. Times are UTC ms of this machine. */

export interface BotAccount {
  readonly token: string;
  readonly id: number;
  readonly username: string;
  readonly firstName: string;
  /** "Privacy mode off": the bot gets every message of its groups. */
  readonly readsAllGroupMessages: boolean;
  revoked: boolean;
  /** Updates that were not confirmed, oldest first. */
  readonly updates: PendingUpdate[];
  nextUpdateId: number;
  allowedUpdates: readonly string[] | undefined;
  poll: Poll | undefined;
  webhook: Webhook | undefined;
  commands: readonly unknown[];
}

export interface PendingUpdate {
  readonly body: { readonly update_id: number } & Readonly<Record<string, unknown>>;
  /** Handed out at least once: only such an update can be confirmed. */
  given: boolean;
}

export interface Poll {
  /** Looks again whether there is something to give. */
  wake(): void;
  /** Ends the poll with 409, as a newer one took over. */
  conflict(): void;
}

export interface Webhook {
  readonly url: string;
  readonly secretToken: string | undefined;
  readonly maxConnections: number;
  lastError: { readonly at: number; readonly message: string } | undefined;
}

export interface Chat {
  readonly id: number;
  readonly type: "private" | "group" | "supergroup";
  readonly title: string | undefined;
  readonly isForum: boolean;
  readonly messages: ShownMessage[];
  /** Forum topics; the general one needs no entry. */
  readonly threads: Set<number>;
  nextMessageId: number;
  /** The person has blocked the bot, or the group has thrown it out. */
  blocked: boolean;
  migratedTo: number | undefined;
}

/** A message as the chat shows it. */
export interface ShownMessage {
  readonly messageId: number;
  readonly by: "bot" | "person";
  text: string;
  entities: readonly Entity[];
  /** The rich message, if it is one; `text` has its plain words. */
  rich: unknown;
  readonly at: number;
  editedAt: number | undefined;
  readonly replyTo: number | undefined;
  readonly thread: number | undefined;
  /** Reactions that the bot has set. */
  reactions: readonly unknown[];
  /** The Bot API's form of the message. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A method's arguments, as they came: nothing is checked yet. */
export type Args = { readonly [name in ArgumentName]?: unknown };
type ArgumentName =
  | "action"
  | "allowed_updates"
  | "callback_query_id"
  | "chat_id"
  | "commands"
  | "drop_pending_updates"
  | "entities"
  | "file_id"
  | "limit"
  | "max_connections"
  | "message_id"
  | "message_thread_id"
  | "offset"
  | "parse_mode"
  | "reaction"
  | "reply_parameters"
  | "rich_message"
  | "secret_token"
  | "text"
  | "timeout"
  | "url";

export interface LoggedRequest {
  readonly name: string;
  readonly token: string;
  readonly body: Args;
  /** When it had arrived whole, UTC ms. */
  readonly at: number;
  /** The HTTP status of the answer; undefined while there is none. */
  status: number | undefined;
  /** When the answer was given, UTC ms. */
  answeredAt?: number;
}

export interface FakeState {
  readonly bots: Map<string, BotAccount>;
  /** By `chatKey`: a private chat belongs to one bot, a group is shared. */
  readonly chats: Map<string, Chat>;
  readonly requests: LoggedRequest[];
  readonly typings: { readonly chatId: number; readonly thread?: number; readonly at: number }[];
  readonly files: Map<string, Buffer>;
  /** Callback queries that the bot has answered. */
  readonly answeredCallbacks: Set<string>;
  /** Whether the server knows `sendRichMessage`. */
  richMessages: boolean;
}

export function createState(): FakeState {
  return {
    bots: new Map(),
    chats: new Map(),
    requests: [],
    typings: [],
    files: new Map(),
    answeredCallbacks: new Set(),
    richMessages: false,
  };
}

export const chatKey = (bot: BotAccount, chatId: number): string =>
  chatId > 0 ? `${bot.id}/${chatId}` : String(chatId);

export function openChat(
  state: FakeState,
  bot: BotAccount,
  wanted: { id: number; type?: Chat["type"]; title?: string; isForum?: boolean },
): Chat {
  const key = chatKey(bot, wanted.id);
  const known = state.chats.get(key);
  if (known) return known;
  const chat: Chat = {
    id: wanted.id,
    type: wanted.type ?? (wanted.id > 0 ? "private" : "supergroup"),
    title: wanted.title ?? (wanted.id > 0 ? undefined : `Group ${-wanted.id}`),
    isForum: wanted.isForum ?? false,
    messages: [],
    threads: new Set(),
    nextMessageId: 1,
    blocked: false,
    migratedTo: undefined,
  };
  state.chats.set(key, chat);
  return chat;
}

/** Queues an update for a bot, unless it said that it does not want this kind. */
export function pushUpdate(bot: BotAccount, kind: string, content: unknown): number | undefined {
  if (bot.allowedUpdates && !bot.allowedUpdates.includes(kind)) return undefined;
  const updateId = bot.nextUpdateId;
  bot.nextUpdateId += 1;
  bot.updates.push({ body: { update_id: updateId, [kind]: content }, given: false });
  bot.poll?.wake();
  return updateId;
}

export const seconds = (ms: number): number => Math.floor(ms / 1000);

export function userBody(bot: BotAccount): Record<string, unknown> {
  return { id: bot.id, is_bot: true, first_name: bot.firstName, username: bot.username };
}

export function chatBody(chat: Chat): Record<string, unknown> {
  return {
    id: chat.id,
    type: chat.type,
    ...(chat.title === undefined ? {} : { title: chat.title }),
    ...(chat.isForum ? { is_forum: true } : {}),
  };
}
