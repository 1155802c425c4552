import { randomUUID } from "node:crypto";
import { detectEntities, type Entity } from "./entities.ts";
import {
  type BotAccount,
  type Chat,
  chatBody,
  type FakeState,
  openChat,
  pushUpdate,
  type ShownMessage,
  seconds,
} from "./state.ts";

/** A user id, or a whole user. */
export type Person =
  | number
  | {
      readonly id: number;
      readonly firstName?: string;
      readonly username?: string;
      readonly isBot?: boolean;
    };

export interface SayOptions {
  /** The chat's id; the private chat with the bot by default. A negative one is a group. */
  readonly chat?: number;
  /** The forum topic. */
  readonly thread?: number;
  /** Message id of what is answered. */
  readonly replyTo?: number;
  /** Instead of those that are found in the text. */
  readonly entities?: readonly Entity[];
  /** What comes with the text, which is then the caption: any fields of a message, such as `photo()`. */
  readonly media?: Readonly<Record<string, unknown>>;
  /** Any other fields of the message. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** To which bot; the first one by default. In a group every bot gets it. */
  readonly token?: string;
}

/** A message that was said: what can be edited, answered, clicked under. */
export interface Said {
  readonly messageId: number;
  readonly chatId: number;
  /** The bot's token; the first one by default. */
  readonly token?: string;
}

export interface People {
  say(from: Person, text: string, options?: SayOptions): Said;
  /** Changes a message that was said. */
  edit(from: Person, said: Said, text: string): void;
  /** Presses a button with `data` under a message. Returns the callback query's id. */
  click(from: Person, said: Said, data: string): string;
  /** Any update, for what the other verbs cannot say; `update_id` is added. */
  push(kind: string, content: unknown, options?: { token?: string }): void;
}

export function createPeople(
  state: FakeState,
  botFor: (token?: string) => BotAccount,
  kick: (bot: BotAccount) => void,
): People {
  let callbacks = 0;
  const push = (bots: readonly BotAccount[], kind: string, content: unknown) => {
    for (const bot of bots) {
      pushUpdate(bot, kind, content);
      kick(bot);
    }
  };
  const audience = (chat: Chat, bot: BotAccount) =>
    chat.type === "private" ? [bot] : [...state.bots.values()];
  const find = (said: Said) => {
    const bot = botFor(said.token);
    const chat = openChat(state, bot, { id: said.chatId });
    const message = chat.messages.find((candidate) => candidate.messageId === said.messageId);
    if (!message) throw new Error(`Cannot find message ${said.messageId} in chat ${said.chatId}`);
    return { bot, chat, message };
  };
  return {
    say(from, text, options = {}) {
      const bot = botFor(options.token);
      const chat = openChat(state, bot, { id: options.chat ?? userOf(from).id });
      if (options.thread !== undefined) chat.threads.add(options.thread);
      const message = createMessage(chat, from, { ...options, text });
      chat.messages.push(message);
      keepFiles(state, options.media);
      push(audience(chat, bot), "message", message.body);
      return { messageId: message.messageId, chatId: chat.id, token: bot.token };
    },
    edit(from, said, text) {
      const { bot, chat, message } = find(said);
      message.text = text;
      message.editedAt = Date.now();
      const { entities: _, ...rest } = message.body;
      const entities = detectEntities(text);
      push(audience(chat, bot), "edited_message", {
        ...rest,
        from: userBody(userOf(from)),
        ...("caption" in rest ? { caption: text } : { text }),
        ...(entities.length > 0 ? { entities } : {}),
        edit_date: seconds(message.editedAt),
      });
    },
    click(from, said, data) {
      const { bot, chat, message } = find(said);
      callbacks += 1;
      const id = `${bot.id}${callbacks}`;
      const user = userBody(userOf(from));
      const query = { id, from: user, message: message.body, chat_instance: String(chat.id), data };
      push([bot], "callback_query", query);
      return id;
    },
    push: (kind, content, options = {}) => push([botFor(options.token)], kind, content),
  };
}

const userOf = (person: Person) => (typeof person === "number" ? { id: person } : person);

function userBody(user: Exclude<Person, number>): Record<string, unknown> {
  return {
    id: user.id,
    is_bot: user.isBot ?? false,
    first_name: user.firstName ?? `Person ${user.id}`,
    ...(user.username === undefined ? {} : { username: user.username }),
    language_code: "en",
  };
}

function createMessage(
  chat: Chat,
  from: Person,
  said: SayOptions & { readonly text: string },
): ShownMessage {
  const messageId = chat.nextMessageId;
  chat.nextMessageId += 1;
  const at = Date.now();
  const entities = said.entities ?? detectEntities(said.text);
  const replied = chat.messages.find((message) => message.messageId === said.replyTo);
  return {
    messageId,
    by: "person",
    text: said.text,
    entities,
    rich: undefined,
    at,
    editedAt: undefined,
    replyTo: said.replyTo,
    thread: said.thread,
    reactions: [],
    body: {
      message_id: messageId,
      from: userBody(userOf(from)),
      chat: chatBody(chat),
      date: seconds(at),
      ...textFields(said, entities),
      ...(replied ? { reply_to_message: replied.body } : {}),
      ...(said.thread === undefined
        ? {}
        : { message_thread_id: said.thread, is_topic_message: true }),
      ...said.media,
      ...said.fields,
    },
  };
}

function textFields(said: SayOptions & { text: string }, entities: readonly Entity[]) {
  const prefix = said.media ? "caption" : "text";
  if (said.text === "") return {};
  const field = said.media ? "caption_entities" : "entities";
  return { [prefix]: said.text, ...(entities.length > 0 ? { [field]: entities } : {}) };
}

const file = (extra: Readonly<Record<string, unknown>>) => ({
  file_id: randomUUID(),
  file_unique_id: randomUUID(),
  file_size: CONTENT.length,
  ...extra,
});

/** Media for `say`. */
export const photo = () => ({ photo: [file({ width: 90, height: 60 })] });
export const voice = () => ({ voice: file({ duration: 2, mime_type: "audio/ogg" }) });
export const documentFile = (name: string) => ({
  document: file({ file_name: name, mime_type: "application/octet-stream" }),
});

const CONTENT = Buffer.from("content of the file");

/** Makes the files of a message ready for `getFile`. */
function keepFiles(state: FakeState, media: unknown): void {
  if (typeof media !== "object" || media === null) return;
  if ("file_id" in media) state.files.set(String(media.file_id), CONTENT);
  for (const inner of Object.values(media)) keepFiles(state, inner);
}
