import { describe, expect, it } from "vitest";
import { readMessage, readPlace } from "../../../src/channels/discord/wire.ts";

const BOT = "100000000000000001";
const ADA = { id: "200000000000000001", username: "ada", global_name: "Ada" };
const BEN = { id: "200000000000000002", username: "ben", global_name: null };

function payload(given: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: "1400000000000000001",
    channel_id: "1300000000000000001",
    author: ADA,
    content: "hello",
    timestamp: "2026-11-21T12:00:00.123000+00:00",
    type: 0,
    mentions: [],
    attachments: [],
    ...given,
  };
}

const read = (given: Record<string, unknown>, kind: "private" | "group" = "private") =>
  readMessage(payload(given), { botId: BOT, kind });
const message = (given: Record<string, unknown>, kind?: "private" | "group") =>
  read(given, kind)?.message;

describe("readMessage", () => {
  it("reads a private message", () => {
    expect(read({})).toEqual({
      id: "1400000000000000001",
      message: {
        key: `discord/${BOT}/1400000000000000001`,
        sender: { id: ADA.id, name: "Ada" },
        chat: { id: "1300000000000000001", kind: "private" },
        text: "hello",
        messageId: "1400000000000000001",
        sentAt: Date.UTC(2026, 10, 21, 12, 0, 0, 123),
        addressed: true,
      },
    });
  });

  it("names a sender by the nickname, the display name or the user name", () => {
    const name = (given: Record<string, unknown>) => message(given)?.sender.name;
    expect(name({ member: { nick: "Countess" } })).toBe("Countess");
    expect(name({ member: { nick: null } })).toBe("Ada");
    expect(name({ author: BEN })).toBe("ben");
  });

  it("gives each bot its own key for a message that two of them see", () => {
    const other = readMessage(payload(), { botId: "100000000000000009", kind: "group" });
    expect(other?.message?.key).not.toBe(message({}, "group")?.key);
  });

  describe("in a group", () => {
    const bot = { id: BOT, username: "pickle", bot: true };

    it.each([
      ["says that a plain message does not address the bot", {}, false],
      ["says that a mention does", { content: `<@${BOT}> hi`, mentions: [bot] }, true],
      [
        "says that a reply to the bot does",
        { type: 19, referenced_message: { id: "5", author: bot, content: "x" } },
        true,
      ],
      [
        "says that a reply to someone else does not",
        { type: 19, referenced_message: { id: "5", author: BEN, content: "x" } },
        false,
      ],
    ])("%s", (_, given, addressed) => {
      expect(message(given, "group")?.addressed).toBe(addressed);
    });

    it.each([
      [`<@${BOT}> /help`, "/help"],
      [`<@!${BOT}>, what is it?`, "what is it?"],
      [`  <@${BOT}>: hi`, "hi"],
      [`ask <@${BOT}> about it`, "ask @pickle about it"],
    ])("takes the leading mention off: %s", (content, text) => {
      expect(message({ content, mentions: [bot] }, "group")?.text).toBe(text);
    });
  });

  it.each([
    [`call <@${BEN.id}> and <@!${ADA.id}>`, "call @ben and @Ada"],
    ["who is <@999999999999999999>?", "who is <@999999999999999999>?"],
    ["yes <:thumb:123> <a:wave:456>", "yes :thumb: :wave:"],
    ["use </help:789>", "use /help"],
    ["a < b > c", "a < b > c"],
  ])("keeps marks readable: %s", (content, text) => {
    expect(message({ content, mentions: [ADA, BEN] })?.text).toBe(text);
  });

  it("gives the message that was replied to", () => {
    const referenced_message = { id: "7", author: BEN, content: "was <:ok:1>", mentions: [] };
    expect(message({ type: 19, referenced_message })?.replyTo).toEqual({
      messageId: "7",
      text: "was :ok:",
    });
    expect(message({ type: 19, referenced_message: null })?.replyTo).toBeUndefined();
  });

  // weaknesses.md W-I6.
  it("names attachments by kind", () => {
    const attachments = [
      { filename: "cat.png", content_type: "image/png" },
      { filename: "song.ogg", content_type: "audio/ogg" },
      { filename: "film.mp4", content_type: "video/mp4" },
      { filename: "paper.pdf", content_type: "application/pdf" },
      { filename: "blob" },
    ];
    const given = { attachments, sticker_items: [{ id: "1", name: "Wave" }] };
    expect(message({ ...given, poll: { question: { text: "Tea?" } } })?.attachments).toEqual([
      { kind: "photo", name: "cat.png" },
      { kind: "audio", name: "song.ogg" },
      { kind: "video", name: "film.mp4" },
      { kind: "document", name: "paper.pdf" },
      { kind: "document", name: "blob" },
      { kind: "sticker", name: "Wave" },
      { kind: "poll", name: "Tea?" },
    ]);
    const voice = [{ filename: "voice-message.ogg", content_type: "audio/ogg" }];
    expect(message({ attachments: voice, flags: 1 << 13 })?.attachments).toEqual([
      { kind: "voice", name: "voice-message.ogg" },
    ]);
  });

  it("gives the text and the files of a forwarded message", () => {
    const forwarded = {
      content: "look",
      attachments: [{ filename: "a.png", content_type: "image/png" }],
    };
    const read = message({ content: "", message_snapshots: [{ message: forwarded }] });
    expect(read).toMatchObject({ text: "look", attachments: [{ kind: "photo", name: "a.png" }] });
  });

  // weaknesses.md W-I8.
  it.each([
    ["the bot itself and other bots", { author: { ...BEN, bot: true } }],
    ["webhooks", { webhook_id: "8" }],
    ["someone joined", { type: 7 }],
    ["a message was pinned", { type: 6 }],
    ["the answer to a slash command", { type: 20 }],
  ])("gives nothing for %s, only its place", (_, given) => {
    expect(read(given)).toEqual({ id: "1400000000000000001" });
  });

  it("says why a message cannot be read, and keeps its place", () => {
    const broken = read({ author: { id: 5 } });
    expect(broken?.id).toBe("1400000000000000001");
    expect(broken?.message).toBeUndefined();
    expect(broken?.broken?.reason).toContain("author");
    expect(broken?.broken?.payload).toMatchObject({ content: "hello" });
  });

  it("reads a message although the one it replies to is unreadable", () => {
    const given = { type: 19, referenced_message: { id: "7", author: "nobody" } };
    expect(message(given)).toMatchObject({ text: "hello" });
  });

  it("gives nothing without an id", () => {
    expect(readMessage({ content: "x" }, { botId: BOT, kind: "private" })).toBeUndefined();
    expect(readMessage("x", { botId: BOT, kind: "private" })).toBeUndefined();
  });
});

describe("readPlace", () => {
  it("tells private chats from groups", () => {
    const channelId = "1300000000000000001";
    expect(readPlace(payload())).toEqual({ channelId, kind: "private" });
    expect(readPlace(payload({ guild_id: "9" }))).toEqual({ channelId, kind: "group" });
    expect(readPlace({ id: "1" })).toBeUndefined();
  });
});
