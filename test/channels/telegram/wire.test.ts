import { describe, expect, it } from "vitest";
import { readUpdate } from "../../../src/channels/telegram/wire.ts";

const ME = { id: 99, username: "MyBot" };
const NOW = Date.UTC(2030, 0, 1);
const ADA = { id: 42, is_bot: false, first_name: "Ada", last_name: "Lovelace", username: "ada" };
const PRIVATE = { id: 42, type: "private", first_name: "Ada" };
const GROUP = { id: -1001, type: "supergroup", title: "Team" };
const BOT_MESSAGE = {
  message_id: 5,
  date: 1,
  chat: GROUP,
  from: { id: 99, is_bot: true },
  text: "q",
};

type Fields = Readonly<Record<string, unknown>>;
const message = (fields: Fields = {}) => ({
  message_id: 7,
  date: 1_900_000_000,
  chat: PRIVATE,
  from: ADA,
  text: "hello",
  ...fields,
});
const read = (update: unknown) => readUpdate(update, ME, NOW);
const readMessage = (fields: Fields) => read({ update_id: 1, message: message(fields) });
function accepted(fields: Fields) {
  const result = readMessage(fields);
  if (result.kind !== "message") throw new Error(`Cannot accept: ${JSON.stringify(result)}`);
  return result.message;
}
const inGroup = (text: string, fields: Fields = {}) =>
  accepted({ chat: GROUP, text, entities: [], ...fields });

describe("readUpdate", () => {
  it("reads a private message", () => {
    expect(read({ update_id: 1, message: message() })).toEqual({
      kind: "message",
      message: {
        key: "telegram/99/42/7",
        sender: { id: "42", name: "Ada Lovelace" },
        chat: { id: "42", kind: "private" },
        text: "hello",
        messageId: "7",
        sentAt: 1_900_000_000_000,
        addressed: true,
      },
    });
  });

  it("counts an edit as a new message, by its date", () => {
    const edited = { ...message({ text: "better" }), edit_date: 1_900_000_060 };
    expect(read({ update_id: 1, edited_message: edited })).toMatchObject({
      message: { key: "telegram/99/42/7/1900000060", text: "better", sentAt: 1_900_000_060_000 },
    });
  });

  it("ignores an edit without words: a live location moves", () => {
    const moved = { ...message({ text: undefined }), location: {}, edit_date: 1_900_000_060 };
    expect(read({ update_id: 1, edited_message: moved })).toEqual({ kind: "ignore" });
  });

  // weaknesses.md W-I6: what is no text was dropped without a word.
  it("takes a caption as text, and names what came with it", () => {
    const cases: readonly (readonly [Fields, unknown])[] = [
      [{ photo: [{}] }, { kind: "photo" }],
      [{ voice: {} }, { kind: "voice" }],
      [{ video_note: {} }, { kind: "video note" }],
      [{ document: { file_name: "a.pdf" } }, { kind: "document", name: "a.pdf" }],
      [{ audio: { title: "Song", file_name: "s.mp3" } }, { kind: "audio", name: "s.mp3" }],
      [{ sticker: { emoji: "😀" } }, { kind: "sticker", name: "😀" }],
      [{ animation: {}, document: { file_name: "a.gif" } }, { kind: "animation" }],
      [
        { venue: { title: "Pub" }, location: {} },
        { kind: "venue", name: "Pub" },
      ],
      [{ contact: {} }, { kind: "contact" }],
      [{ poll: {} }, { kind: "poll" }],
    ];
    for (const [media, attachment] of cases) {
      expect(accepted({ text: undefined, caption: "look", ...media })).toMatchObject({
        text: "look",
        attachments: [attachment],
      });
    }
    expect(accepted({ text: undefined, voice: {} }).text).toBe("");
  });

  // weaknesses.md W-I8, W-A4: bots answered bots; posts in the name of a chat were taken for a person's.
  it("ignores bots, service messages, channels, and its own kind of noise", () => {
    expect(readMessage({ from: { ...ADA, is_bot: true } })).toEqual({ kind: "ignore" });
    expect(readMessage({ text: undefined, new_chat_members: [ADA] })).toEqual({ kind: "ignore" });
    expect(readMessage({ text: undefined, pinned_message: {} })).toEqual({ kind: "ignore" });
    expect(readMessage({ chat: { id: -1, type: "channel" } })).toEqual({ kind: "ignore" });
    expect(readMessage({ from: undefined })).toEqual({ kind: "ignore" });
    expect(readMessage({ is_automatic_forward: true })).toEqual({ kind: "ignore" });
    expect(read({ update_id: 1, channel_post: message() })).toEqual({ kind: "ignore" });
    expect(read({ update_id: 1, poll: {} })).toEqual({ kind: "ignore" });
  });

  it("says of what it cannot understand which field it is", () => {
    for (const update of ["text", null, 7, { message: { message_id: "x" } }, { message: 1 }]) {
      expect(read(update)).toMatchObject({ kind: "unreadable" });
    }
    const reason = read({ update_id: 1, message: { ...message(), date: "now" } });
    expect(reason).toMatchObject({ reason: expect.stringContaining("message.date") });
  });

  it("understands a message whose extras it does not", () => {
    const odd = {
      entities: "none",
      reply_to_message: 7,
      quote: [],
      from: { id: 42, first_name: 5, is_bot: "no" },
    };
    expect(accepted(odd)).toMatchObject({ text: "hello", sender: { id: "42" } });
  });

  it("is addressed in a group by its name, a reply to it, or a command for it", () => {
    const mention = (text: string, type = "mention", extra: Fields = {}) => ({
      entities: [
        { type, offset: text.indexOf("@"), length: text.length - text.indexOf("@"), ...extra },
      ],
    });
    expect(inGroup("hi all").addressed).toBe(false);
    expect(inGroup("hi @mybot", mention("hi @mybot")).addressed).toBe(true);
    expect(inGroup("hi @mybot2", mention("hi @mybot2")).addressed).toBe(false);
    expect(inGroup("hi @mybot", { entities: [] }).addressed).toBe(false);
    expect(inGroup("hi @mybot", { entities: undefined }).addressed).toBe(true);
    const byName = { entities: [{ type: "text_mention", offset: 3, length: 4, user: { id: 99 } }] };
    expect(inGroup("hi Robo", byName).addressed).toBe(true);
    const other = { entities: [{ type: "text_mention", offset: 3, length: 4, user: { id: 1 } }] };
    expect(inGroup("hi Robo", other).addressed).toBe(false);
    const command = { entities: [{ type: "bot_command", offset: 0, length: 11 }] };
    expect(inGroup("/help@MyBot", command)).toMatchObject({ addressed: true, text: "/help" });
    expect(
      inGroup("/help", { entities: [{ type: "bot_command", offset: 0, length: 5 }] }).addressed,
    ).toBe(false);
    expect(inGroup("yes", { reply_to_message: BOT_MESSAGE })).toMatchObject({
      addressed: true,
      replyTo: { messageId: "5", text: "q" },
    });
    const caption = { text: undefined, caption: "@MyBot", photo: [{}], entities: undefined };
    expect(
      inGroup("", { ...caption, caption_entities: [{ type: "mention", offset: 0, length: 6 }] }),
    ).toMatchObject({ addressed: true });
  });

  // weaknesses.md W-I9.
  it("takes its own name off a command, and ignores a command for another bot", () => {
    expect(accepted({ text: "/help@mybot me" }).text).toBe("/help me");
    expect(readMessage({ text: "/help@OtherBot" })).toEqual({ kind: "ignore" });
    expect(accepted({ text: "mail a/b@other.org" }).text).toBe("mail a/b@other.org");
    expect(accepted({ text: "see /help@OtherBot" }).text).toBe("see /help@OtherBot");
  });

  // peers #41.
  it("knows a forum topic from a thread of replies", () => {
    const topic = { message_thread_id: 9, is_topic_message: true };
    expect(inGroup("a", topic).chat).toEqual({ id: "-1001", kind: "group", thread: "9" });
    expect(inGroup("a", { message_thread_id: 9 }).chat).toEqual({ id: "-1001", kind: "group" });
    const created = { ...BOT_MESSAGE, forum_topic_created: { name: "T" } };
    const first = inGroup("a", { ...topic, reply_to_message: created });
    expect(first.addressed).toBe(false);
    expect(first.replyTo).toBeUndefined();
  });

  it("takes the quoted words of a reply", () => {
    const replied = { message_id: 3, date: 1, chat: PRIVATE, caption: "whole text" };
    expect(accepted({ reply_to_message: replied }).replyTo).toEqual({
      messageId: "3",
      text: "whole text",
    });
    expect(accepted({ reply_to_message: replied, quote: { text: "whole" } }).replyTo).toEqual({
      messageId: "3",
      text: "whole",
    });
  });

  it("reads a pressed button as what it stands for", () => {
    const query = { id: "abc", from: ADA, message: { ...BOT_MESSAGE, date: 0 }, data: "/yes" };
    expect(read({ update_id: 1, callback_query: query })).toEqual({
      kind: "message",
      callbackId: "abc",
      message: {
        key: "telegram/99/callback/abc",
        sender: { id: "42", name: "Ada Lovelace" },
        chat: { id: "-1001", kind: "group" },
        text: "/yes",
        messageId: "5",
        sentAt: NOW,
        addressed: true,
      },
    });
    expect(read({ update_id: 1, callback_query: { ...query, message: undefined } })).toEqual({
      kind: "ignore",
    });
    expect(read({ update_id: 1, callback_query: { ...query, data: undefined } })).toEqual({
      kind: "ignore",
    });
  });
});
