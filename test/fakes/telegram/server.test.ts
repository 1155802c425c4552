import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Bot, GrammyError, HttpError, webhookCallback } from "grammy";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../contracts/recording-receiver.ts";
import { documentFile, photo, voice } from "./person.ts";
import { createTelegramFake, type TelegramFake } from "./server.ts";

const ADA = { id: 42, firstName: "Ada", username: "ada" };
const GROUP = -1001;

describe("telegramFake, driven by grammY", () => {
  let fake: TelegramFake;
  let bot: Bot;
  let stops: (() => unknown)[];

  beforeEach(async () => {
    fake = await createTelegramFake();
    bot = new Bot(fake.token, { client: { apiRoot: fake.url, timeoutSeconds: 5 } });
    stops = [];
  });
  afterEach(async () => {
    for (const stop of stops) await stop();
    await fake.close();
  });

  const poll = (args = {}, signal?: AbortSignal) => bot.api.getUpdates(args, signal as never);
  const errorOf = async (promise: Promise<unknown>) => {
    const error: unknown = await promise.catch((thrown: unknown) => thrown);
    if (error instanceof GrammyError) return `${error.error_code} ${error.description}`;
    if (error instanceof HttpError) return "http";
    throw new Error("Cannot read the error: the call succeeded", { cause: error });
  };

  it("serves a bot.start() that echoes, typing included", async () => {
    bot.on("message:text", async (context) => {
      await context.replyWithChatAction("typing");
      await context.reply(`echo ${context.message.text}`);
    });
    void bot.start({ timeout: 2 });
    stops.push(() => bot.stop());
    fake.say(ADA, "one");
    fake.say(ADA, "two");
    await eventually(() =>
      expect(fake.replies(42).map((message) => message.text)).toEqual(["echo one", "echo two"]),
    );
    expect(fake.typings(42)).toHaveLength(2);
    await eventually(() => expect(fake.unconfirmed()).toBe(0));
  });

  it("holds a long poll until there is something, and gives it again until it is confirmed", async () => {
    const waiting = poll({ timeout: 5 });
    await eventually(() => expect(fake.openRequests()).toBe(1));
    fake.say(ADA, "hello");
    const [update] = await waiting;
    expect(update?.message?.text).toBe("hello");
    expect(await poll()).toHaveLength(1);
    const { update_id: id = 0 } = update ?? {};
    expect(await poll({ offset: id + 1 })).toHaveLength(0);
    expect(fake.unconfirmed()).toBe(0);
  });

  it("gives at most `limit`, and with a negative offset only the last ones", async () => {
    for (const text of ["a", "b", "c"]) fake.say(ADA, text);
    expect((await poll({ limit: 2 })).map((update) => update.message?.text)).toEqual(["a", "b"]);
    expect((await poll({ offset: -1 })).map((update) => update.message?.text)).toEqual(["c"]);
    expect(fake.unconfirmed()).toBe(1);
  });

  it("answers an empty poll after its timeout", async () => {
    const before = Date.now();
    expect(await poll({ timeout: 1 })).toEqual([]);
    expect(Date.now() - before).toBeGreaterThan(900);
  });

  it("gives an update whose id is lower than the confirmed ones", async () => {
    fake.setNextUpdateId(9000);
    fake.say(ADA, "before the quiet week");
    await poll();
    fake.setNextUpdateId(50);
    fake.say(ADA, "after it");
    expect((await poll({ offset: 9001 })).map((update) => update.update_id)).toEqual([50]);
  });

  it("ends the older of two polls with 409", async () => {
    const older = errorOf(poll({ timeout: 5 }));
    await eventually(() => expect(fake.openRequests()).toBe(1));
    const aborted = new AbortController();
    const newer = poll({ timeout: 5 }, aborted.signal).catch(() => "aborted");
    expect(await older).toContain("409 Conflict: terminated by other getUpdates request");
    aborted.abort();
    await newer;
    await eventually(() => expect(fake.openRequests()).toBe(0));
  });

  it("refuses a poll with 409 while a webhook is set", async () => {
    await bot.api.setWebhook("http://127.0.0.1:1/hook");
    expect(await errorOf(poll())).toContain("can't use getUpdates method while webhook is active");
    await bot.api.deleteWebhook();
    expect(await poll()).toEqual([]);
  });

  it("posts updates to a webhook with its secret, in order, again until it answers 200", async () => {
    const texts: string[] = [];
    let refusals = 1;
    const hooked = new Bot(fake.token, {
      client: { apiRoot: fake.url },
      botInfo: await bot.api.getMe(),
    });
    hooked.on("message:text", (context) => void texts.push(context.message.text));
    const callback = webhookCallback(hooked, "http", { secretToken: "s3cret" });
    const http = createServer((request, response) => {
      if (refusals > 0) {
        refusals -= 1;
        response.writeHead(503).end();
        return;
      }
      void callback(request, response);
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    stops.push(
      () => http.close(),
      () => http.closeAllConnections(),
    );
    const { port } = http.address() as AddressInfo;
    await bot.api.setWebhook(`http://127.0.0.1:${port}/hook`, { secret_token: "s3cret" });
    fake.say(ADA, "one");
    fake.say(ADA, "two");
    await eventually(() => expect(texts).toEqual(["one", "two"]));
    const info = await bot.api.getWebhookInfo();
    expect(info).toMatchObject({ pending_update_count: 0, last_error_message: expect.any(String) });
  });

  it("refuses what Telegram refuses in sendMessage", async () => {
    fake.say(ADA, "hi");
    const send = (text: string, other = {}) => errorOf(bot.api.sendMessage(42, text, other));
    expect(await send("x".repeat(4097))).toBe("400 Bad Request: message is too long");
    expect(await send("  \n ")).toBe("400 Bad Request: message text is empty");
    expect(await send("a.b", { parse_mode: "MarkdownV2" })).toContain(
      "400 Bad Request: can't parse",
    );
    expect(await send("*half", { parse_mode: "MarkdownV2" })).toContain("can't parse entities");
    expect(await send("<x>hi</x>", { parse_mode: "HTML" })).toContain("Unsupported start tag");
    expect(await send("<b>hi", { parse_mode: "HTML" })).toContain("can't parse entities");
    const outside = [{ type: "bold", offset: 1, length: 9 }];
    expect(await send("hi", { entities: outside })).toContain("can't parse entities");
    expect(await send("😀", { entities: [{ type: "bold", offset: 0, length: 1 }] })).toContain(
      "can't parse entities",
    );
    expect(await send("hi", { reply_parameters: { message_id: 99 } })).toContain(
      "message to be replied not found",
    );
    expect(await send("hi", { message_thread_id: 7 })).toContain("message thread not found");
    expect(await errorOf(bot.api.sendMessage(4711, "hi"))).toBe("400 Bad Request: chat not found");
    fake.chat(42).blocked = true;
    expect(await send("hi")).toBe("403 Forbidden: bot was blocked by the user");
    expect(fake.replies(42)).toEqual([]);
  });

  it("shows formatted text and its entities", async () => {
    fake.say(ADA, "hi");
    await bot.api.sendMessage(42, "*bold* and [link](https://a.b/)\\.", {
      parse_mode: "MarkdownV2",
    });
    await bot.api.sendMessage(42, "x".repeat(4096));
    await bot.api.sendMessage(42, "a <b>b</b> &lt;", { parse_mode: "HTML" });
    const [markdown, long, html] = fake.replies(42);
    expect(markdown).toMatchObject({
      text: "bold and link.",
      entities: [
        { type: "bold", offset: 0, length: 4 },
        { type: "text_link", offset: 9, length: 4, url: "https://a.b/" },
      ],
    });
    expect(long?.text).toHaveLength(4096);
    expect(html).toMatchObject({
      text: "a b <",
      entities: [{ type: "bold", offset: 2, length: 1 }],
    });
  });

  it("knows sendRichMessage only when told so", async () => {
    fake.say(ADA, "hi");
    const rich = { blocks: [{ type: "heading" as const, size: 1 as const, text: "Title" }] };
    expect(await errorOf(bot.api.sendRichMessage(42, rich))).toBe(
      "404 Not Found: method not found",
    );
    fake.setRichMessages(true);
    await bot.api.sendRichMessage(42, rich);
    expect(fake.replies(42)).toMatchObject([{ text: "Title", rich }]);
    expect(await errorOf(bot.api.sendRichMessage(42, { ...rich, markdown: "# both" }))).toContain(
      "400",
    );
  });

  it("edits, deletes, reacts, keeps commands and answers callback queries", async () => {
    const said = fake.say(ADA, "hi");
    const sent = await bot.api.sendMessage(42, "draft");
    await bot.api.editMessageText(42, sent.message_id, "final");
    expect(await errorOf(bot.api.editMessageText(42, sent.message_id, "final"))).toContain(
      "message is not modified",
    );
    await bot.api.setMessageReaction(42, said.messageId, [{ type: "emoji", emoji: "👍" }]);
    expect(fake.messages(42).map((message) => message.text)).toEqual(["hi", "final"]);
    expect(fake.messages(42)[0]?.reactions).toHaveLength(1);
    const query = fake.click(ADA, { messageId: sent.message_id, chatId: 42 }, "yes");
    const updates = await poll();
    expect(updates.at(-1)?.callback_query).toMatchObject({ id: query, data: "yes" });
    await bot.api.answerCallbackQuery(query);
    expect(fake.answeredCallbacks().has(query)).toBe(true);
    await bot.api.deleteMessage(42, sent.message_id);
    expect(fake.replies(42)).toEqual([]);
    await bot.api.setMyCommands([{ command: "help", description: "Shows help" }]);
    expect(await bot.api.getMyCommands()).toEqual([{ command: "help", description: "Shows help" }]);
  });

  it("lets people speak in groups, topics, replies, captions, edits, and to several bots", async () => {
    fake.addBot({ token: "777:second", username: "second_bot" });
    const first = fake.say(ADA, "/help@my_test_bot now", { chat: GROUP, thread: 9 });
    fake.say(ADA, "look", { chat: GROUP, media: photo(), replyTo: first.messageId });
    fake.edit(ADA, first, "changed");
    fake.say(ADA, "", { media: voice() });
    fake.say(ADA, "", { media: documentFile("a.pdf") });
    const updates = await poll();
    expect(updates[3]?.message?.voice?.duration).toBe(2);
    expect(updates[4]?.message?.document?.file_name).toBe("a.pdf");
    expect(updates[0]?.message).toMatchObject({
      chat: { id: GROUP, type: "supergroup" },
      message_thread_id: 9,
      is_topic_message: true,
      entities: [{ type: "bot_command", offset: 0, length: 17 }],
    });
    expect(updates[1]?.message).toMatchObject({
      caption: "look",
      reply_to_message: { message_id: first.messageId },
    });
    expect(updates[2]?.edited_message).toMatchObject({
      text: "changed",
      edit_date: expect.any(Number),
    });
    expect(fake.unconfirmed("777:second")).toBe(3);
    const file = await bot.api.getFile(updates[1]?.message?.photo?.[0]?.file_id ?? "");
    const content = await fetch(`${fake.url}/file/bot${fake.token}/${file.file_path}`);
    expect(await content.text()).toHaveLength(file.file_size ?? 0);
  });

  it("refuses an unknown or revoked token with 401, a running poll too", async () => {
    const stranger = new Bot("999:nobody", { client: { apiRoot: fake.url } });
    expect(await errorOf(stranger.api.getMe())).toBe("401 Unauthorized");
    const running = errorOf(poll({ timeout: 5 }));
    await eventually(() => expect(fake.openRequests()).toBe(1));
    fake.revoke(true);
    expect(await running).toBe("401 Unauthorized");
  });

  it("makes the ordered faults, in order and as often as ordered", async () => {
    fake.say(ADA, "hi");
    const send = () => bot.api.sendMessage(42, "hello");
    fake.fault("sendMessage", { code: 429, retryAfter: 3 });
    fake.fault("sendMessage", { code: 502 });
    fake.fault("sendMessage", { html: true });
    fake.fault("sendMessage", { drop: true });
    const limited: unknown = await send().catch((error: unknown) => error);
    expect(limited).toMatchObject({ error_code: 429, parameters: { retry_after: 3 } });
    expect(await errorOf(send())).toBe("502 Bad Gateway");
    expect(await errorOf(send())).toBe("http");
    expect(await errorOf(send())).toBe("http");
    expect(fake.replies(42)).toEqual([]);
    fake.fault(/^send/, { deliverThenDrop: true });
    expect(await errorOf(send())).toBe("http");
    expect(fake.replies(42)).toHaveLength(1);
    fake.fault("sendMessage", { delayMs: 200 });
    const before = Date.now();
    await send();
    expect(Date.now() - before).toBeGreaterThanOrEqual(190);
    fake.fault("sendMessage", { hang: true });
    const hung = new AbortController();
    const hanging = bot.api.sendMessage(42, "x", {}, hung.signal as never).catch(() => "gone");
    await eventually(() => expect(fake.openRequests()).toBe(1));
    hung.abort();
    await hanging;
    expect(fake.replies(42)).toHaveLength(2);
    expect(fake.requests("sendMessage").length).toBe(7);
  });

  it("runs hooks at the exact moment, and abandons the request when a hook says so", async () => {
    fake.say(ADA, "hi");
    const seen: string[] = [];
    const note = (phase: string) => () => void seen.push(`${phase} ${fake.replies(42).length}`);
    fake.onRequest("sendMessage", "arrived", note("arrived"));
    fake.onRequest("sendMessage", "posted", note("posted"));
    fake.onRequest("sendMessage", "answered", note("answered"));
    await bot.api.sendMessage(42, "one");
    await eventually(() => expect(seen).toEqual(["arrived 0", "posted 1", "answered 1"]));
    const off = fake.onRequest("sendMessage", "arrived", () => "abandon");
    expect(await errorOf(bot.api.sendMessage(42, "two"))).toBe("http");
    off();
    fake.onRequest("sendMessage", "posted", () => "abandon");
    expect(await errorOf(bot.api.sendMessage(42, "three"))).toBe("http");
    expect(fake.replies(42).map((message) => message.text)).toEqual(["one", "three"]);
  });

  it("stops and starts at the same address, and keeps what was said", async () => {
    await fake.stop();
    fake.say(ADA, "are you there?");
    expect(await errorOf(poll())).toBe("http");
    await fake.start();
    expect(await poll()).toHaveLength(1);
  });
});
