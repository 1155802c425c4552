import { ApiError, badRequest } from "./api-error.ts";
import { checkEntities, type Entity, type Formatted, trimFormatted } from "./entities.ts";
import { parseMode } from "./parse-mode.ts";
import { checkRichMessage } from "./rich.ts";
import {
  type Args,
  type BotAccount,
  type Chat,
  chatBody,
  chatKey,
  type FakeState,
  type ShownMessage,
  seconds,
  userBody,
} from "./state.ts";

export interface MethodContext {
  readonly state: FakeState;
  readonly bot: BotAccount;
  readonly args: Args;
}
export type Method = (context: MethodContext) => unknown;

const TEXT_LIMIT = 4096;

/** The methods that answer at once; `getUpdates` waits and stands in `updates.ts`, webhooks in `webhook-push.ts`. */
export const METHODS: Readonly<Record<string, Method>> = {
  getMe: ({ bot }) => ({
    ...userBody(bot),
    can_join_groups: true,
    can_read_all_group_messages: bot.readsAllGroupMessages,
    supports_inline_queries: false,
  }),
  sendMessage,
  sendRichMessage,
  editMessageText,
  deleteMessage({ state, bot, args }) {
    const chat = chatFor(state, bot, args);
    const at = chat.messages.indexOf(messageOf(chat, args));
    chat.messages.splice(at, 1);
    return true;
  },
  sendChatAction({ state, bot, args }) {
    const chat = chatFor(state, bot, args);
    if (typeof args.action !== "string") throw badRequest("wrong parameter action in request");
    const thread = threadOf(chat, args);
    const typing = { chatId: chat.id, at: Date.now(), ...(thread === undefined ? {} : { thread }) };
    if (args.action === "typing") state.typings.push(typing);
    return true;
  },
  setMyCommands({ bot, args }) {
    if (!Array.isArray(args.commands)) throw badRequest("can't parse commands");
    for (const { command, description } of args.commands) {
      if (!/^[a-z0-9_]{1,32}$/.test(command)) throw badRequest("BOT_COMMAND_INVALID");
      if (!description || description.length > 256)
        throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID");
    }
    bot.commands = args.commands;
    return true;
  },
  getMyCommands: ({ bot }) => bot.commands,
  setMessageReaction({ state, bot, args }) {
    const chat = chatFor(state, bot, args);
    messageOf(chat, args).reactions = Array.isArray(args.reaction) ? args.reaction : [];
    return true;
  },
  answerCallbackQuery({ state, args }) {
    state.answeredCallbacks.add(String(args.callback_query_id));
    return true;
  },
  getFile({ state, args }) {
    const id = String(args.file_id);
    const content = state.files.get(id);
    if (!content) throw badRequest("invalid file_id");
    return {
      file_id: id,
      file_unique_id: `u${id}`,
      file_size: content.length,
      file_path: `files/${id}`,
    };
  },
};

function sendMessage({ state, bot, args }: MethodContext): unknown {
  const chat = chatFor(state, bot, args);
  const formatted = formattedText(args);
  const thread = threadOf(chat, args);
  return show(bot, chat, {
    ...formatted,
    replyTo: replyTarget(chat, args),
    thread,
    rich: undefined,
  }).body;
}

function sendRichMessage({ state, bot, args }: MethodContext): unknown {
  if (!state.richMessages) throw new ApiError(404, "Not Found: method not found");
  const chat = chatFor(state, bot, args);
  const rich = args.rich_message;
  const text = checkRichMessage(rich);
  const thread = threadOf(chat, args);
  return show(bot, chat, { text, entities: [], replyTo: replyTarget(chat, args), thread, rich })
    .body;
}

function editMessageText({ state, bot, args }: MethodContext): unknown {
  const chat = chatFor(state, bot, args);
  const message = messageOf(chat, args);
  if (message.by !== "bot") throw badRequest("message can't be edited");
  const formatted = formattedText(args);
  if (formatted.text === message.text && sameEntities(formatted.entities, message.entities)) {
    throw badRequest(
      "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
    );
  }
  message.text = formatted.text;
  message.entities = formatted.entities;
  message.editedAt = Date.now();
  return { ...message.body, text: formatted.text, edit_date: seconds(message.editedAt) };
}

const sameEntities = (a: readonly Entity[], b: readonly Entity[]) =>
  JSON.stringify(a) === JSON.stringify(b);

function formattedText(args: Args): Formatted {
  const text = args.text;
  if (typeof text !== "string" || text.trim() === "") throw badRequest("message text is empty");
  const formatted = readFormat(args, text);
  checkEntities(formatted.text, formatted.entities);
  const trimmed = trimFormatted(formatted);
  if (trimmed.text === "") throw badRequest("message text is empty");
  if (trimmed.text.length > TEXT_LIMIT) throw badRequest("message is too long");
  return trimmed;
}

function readFormat(args: Args, text: string): Formatted {
  if (typeof args.parse_mode === "string") return parseMode(args.parse_mode, text);
  const entities = args.entities;
  if (entities === undefined) return { text, entities: [] };
  if (!Array.isArray(entities)) throw badRequest("can't parse entities: expected an array");
  return { text, entities };
}

function chatFor(state: FakeState, bot: BotAccount, args: Args): Chat {
  const chatId = Number(args.chat_id);
  if (args.chat_id === undefined || args.chat_id === "") throw badRequest("chat_id is empty");
  const chat = Number.isInteger(chatId) ? state.chats.get(chatKey(bot, chatId)) : undefined;
  if (!chat) throw badRequest("chat not found");
  if (chat.migratedTo !== undefined) {
    throw new ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", {
      migrate_to_chat_id: chat.migratedTo,
    });
  }
  if (chat.blocked) {
    const reason =
      chat.type === "private"
        ? "bot was blocked by the user"
        : `bot was kicked from the ${chat.type} chat`;
    throw new ApiError(403, `Forbidden: ${reason}`);
  }
  return chat;
}

function threadOf(chat: Chat, args: Args): number | undefined {
  if (args.message_thread_id === undefined) return undefined;
  const thread = Number(args.message_thread_id);
  if (!chat.threads.has(thread)) throw badRequest("message thread not found");
  return thread;
}

function messageOf(chat: Chat, args: Args): ShownMessage {
  const id = Number(args.message_id);
  const message = chat.messages.find((candidate) => candidate.messageId === id);
  if (!message) throw badRequest("message not found");
  return message;
}

function replyTarget(chat: Chat, args: Args): number | undefined {
  const parameters = args.reply_parameters;
  if (typeof parameters !== "object" || parameters === null) return undefined;
  const id = "message_id" in parameters ? Number(parameters.message_id) : Number.NaN;
  if (chat.messages.some((message) => message.messageId === id)) return id;
  const lenient =
    "allow_sending_without_reply" in parameters && parameters.allow_sending_without_reply === true;
  if (!lenient) throw badRequest("message to be replied not found");
  return undefined;
}

function show(
  bot: BotAccount,
  chat: Chat,
  content: Formatted & {
    replyTo: number | undefined;
    thread: number | undefined;
    rich: unknown;
  },
): ShownMessage {
  const messageId = chat.nextMessageId;
  chat.nextMessageId += 1;
  const at = Date.now();
  const message: ShownMessage = {
    messageId,
    by: "bot",
    text: content.text,
    entities: content.entities,
    rich: content.rich,
    at,
    editedAt: undefined,
    replyTo: content.replyTo,
    thread: content.thread,
    reactions: [],
    body: {
      message_id: messageId,
      from: userBody(bot),
      chat: chatBody(chat),
      date: seconds(at),
      ...(content.rich === undefined ? { text: content.text } : { rich_message: content.rich }),
      ...(content.entities.length > 0 ? { entities: content.entities } : {}),
      ...(content.thread === undefined
        ? {}
        : { message_thread_id: content.thread, is_topic_message: true }),
    },
  };
  chat.messages.push(message);
  return message;
}
