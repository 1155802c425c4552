import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OutgoingPart } from "../../../src/channels/channel.ts";
import { DeliveryError } from "../../../src/channels/delivery-error.ts";
import type { Address } from "../../../src/events/event.ts";
import { ADA, createTelegramRig } from "./telegram-rig.ts";

const GROUP = -1001;
const TABLE = "|a|b|\n|-|-|\n|1|2|";

describe("telegram send", () => {
  let rig: Awaited<ReturnType<typeof createTelegramRig>>;
  beforeEach(async () => {
    rig = await createTelegramRig();
  });
  afterEach(() => rig.fake.close());

  const send = (text: string, to: Partial<Address> = {}, part: Partial<OutgoingPart> = {}) =>
    rig.channel.send(
      { text, ...part },
      { chat: String(ADA.id), ...to },
      { idempotencyKey: "k", firstTriedAt: Date.now(), signal: new AbortController().signal },
    );
  const failureOf = async (attempt: Promise<unknown>) => {
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    return error instanceof DeliveryError ? error.failure : error;
  };
  const sends = () => rig.fake.requests().filter(({ name }) => name.startsWith("send"));
  const names = () => sends().map(({ name }) => name);

  it("shows Markdown as text with entities", async () => {
    await send("**hi** `there`");
    expect(rig.fake.replies(ADA.id)).toMatchObject([
      { text: "hi there", entities: [{ type: "bold" }, { type: "code" }] },
    ]);
    expect(sends()[0]?.body.parse_mode).toBeUndefined();
  });

  // peers #40. Red when offsets are counted in bytes or in code points.
  it("puts formatting on the right words behind emoji", async () => {
    await send("👩‍👩‍👧 é 😀 **bold** שלום *slanted*", {}, { label: "😀 again?" });
    const [shown] = rig.fake.replies(ADA.id);
    const covered = shown?.entities.map(({ type, offset, length }) => [
      type,
      shown.text.slice(offset, offset + length),
    ]);
    expect(covered).toEqual([
      ["bold", "bold"],
      ["italic", "slanted"],
    ]);
  });

  // peers #39.
  it("sends the source when the form is refused", async () => {
    rig.fake.fault("sendMessage", {
      code: 400,
      description: "Bad Request: can't parse entities: x",
    });
    await send("**hi**");
    expect(rig.fake.replies(ADA.id)).toMatchObject([{ text: "**hi**", entities: [] }]);
    expect(names()).toEqual(["sendMessage", "sendMessage"]);
  });

  it("is permanent when every form is refused", async () => {
    rig.fake.fault("sendMessage", { code: 400, description: "Bad Request: strange" }, 9);
    expect(await failureOf(send("**hi**"))).toEqual({ kind: "permanent" });
    expect(names()).toHaveLength(2);
  });

  // peers #17: with `deliver` "gives up at once what can never work", one request and a dead letter.
  it.each([
    "Bad Request: chat not found",
    "Bad Request: not enough rights to send text messages to the chat",
    "Bad Request: CHAT_WRITE_FORBIDDEN",
    "Bad Request: TOPIC_CLOSED",
  ])("does not try another form after %j", async (description) => {
    rig.fake.fault("sendMessage", { code: 400, description });
    expect(await failureOf(send("**hi**"))).toEqual({ kind: "permanent" });
    expect(names()).toHaveLength(1);
  });

  it("never tries another form when the first may have been posted", async () => {
    rig.fake.setRichMessages(true);
    for (const fault of [{ deliverThenDrop: true }, { code: 502 }, { html: true }]) {
      rig.fake.fault("sendRichMessage", fault);
      expect(await failureOf(send(TABLE))).toEqual({ kind: "transient", ambiguous: true });
    }
    expect(names()).toEqual(["sendRichMessage", "sendRichMessage", "sendRichMessage"]);
  });

  it("sends structure as a rich message where the server knows them", async () => {
    rig.fake.setRichMessages(true);
    const receipt = await send(TABLE, {}, { label: "again?" });
    const [shown] = rig.fake.replies(ADA.id);
    expect(String(shown?.messageId)).toBe(receipt.messageId);
    expect(shown?.rich).toMatchObject({ blocks: [{ text: "again?" }, { type: "table" }] });
    await send("plain");
    expect(names()).toEqual(["sendRichMessage", "sendMessage"]);
  });

  it("asks once whether the server knows rich messages, and remembers", async () => {
    await send(TABLE);
    await send(TABLE);
    expect(names()).toEqual(["sendRichMessage", "sendMessage", "sendMessage"]);
    expect(rig.fake.replies(ADA.id).map(({ text }) => text.split("\n")[0])).toEqual([
      "a | b",
      "a | b",
    ]);
  });

  it("takes a server's word for it no longer than it lasts: a refused rich message is not the last", async () => {
    rig.fake.setRichMessages(true);
    rig.fake.fault("sendRichMessage", { code: 400, description: "Bad Request: RICH_INVALID" });
    await send(TABLE);
    await send(TABLE);
    expect(names()).toEqual(["sendRichMessage", "sendMessage", "sendRichMessage"]);
  });

  it("does not take a refused token for a server without rich messages", async () => {
    rig.fake.setRichMessages(true);
    rig.fake.fault(/^send/, { code: 404, description: "Not Found" }, 2);
    expect(await failureOf(send(TABLE))).toEqual({ kind: "disconnected" });
    await send(TABLE);
    expect(names().at(-1)).toBe("sendRichMessage");
  });

  it("quotes the message that is answered, and answers all the same if it is gone", async () => {
    const said = rig.fake.say(ADA, "question");
    await send("answer", { replyTo: String(said.messageId) });
    await send("answer", { replyTo: "999" });
    expect(rig.fake.replies(ADA.id).map(({ replyTo }) => replyTo)).toEqual([
      said.messageId,
      undefined,
    ]);
  });

  // peers #41, #42.
  it("sends to a topic, to the general one without naming it, and to the chat if it is gone", async () => {
    rig.fake.chat(GROUP, { isForum: true, threads: [9] });
    const chat = String(GROUP);
    await send("a", { chat, thread: "9" });
    await send("b", { chat, thread: "1" });
    await send("c", { chat, thread: "77" });
    await rig.channel.typing?.({ chat, thread: "9" }, new AbortController().signal);
    expect(rig.fake.replies(GROUP).map(({ text, thread }) => [text, thread])).toEqual([
      ["a", 9],
      ["b", undefined],
      ["c", undefined],
    ]);
    expect(rig.fake.typings(GROUP)).toMatchObject([{ thread: 9 }]);
  });

  it("follows a group that has become a supergroup, and remembers where it went", async () => {
    rig.fake.chat(-5).migratedTo = GROUP;
    rig.fake.chat(GROUP);
    await send("one", { chat: "-5" });
    await send("two", { chat: "-5" });
    expect(rig.fake.replies(GROUP).map(({ text }) => text)).toEqual(["one", "two"]);
    expect(sends()).toHaveLength(3);
    expect(rig.log).toContainEqual(expect.objectContaining({ level: "warn", newChat: "-1001" }));
  });

  it("does not go in circles between groups", async () => {
    rig.fake.chat(-5).migratedTo = -6;
    rig.fake.chat(-6).migratedTo = -5;
    expect(await failureOf(send("x", { chat: "-5" }))).toEqual({ kind: "permanent" });
    expect(sends().length).toBeLessThanOrEqual(3);
  });

  it("gives up on an answer that does not come", async () => {
    rig.fake.fault("sendMessage", { hang: true });
    expect(await failureOf(send("x"))).toEqual({ kind: "transient", ambiguous: true });
  });

  it("never says the token in an error", async () => {
    rig.fake.fault("sendMessage", { drop: true });
    const error: unknown = await send("x").catch((thrown: unknown) => thrown);
    await rig.fake.stop();
    const refused: unknown = await send("x").catch((thrown: unknown) => thrown);
    for (const each of [error, refused]) {
      expect(each).toBeInstanceOf(DeliveryError);
      if (each instanceof Error) {
        expect(`${each.message} ${each.stack} ${JSON.stringify(each.cause)}`).not.toContain(
          "fake-token",
        );
      }
    }
  });

  it("rejects typing with a DeliveryError", async () => {
    rig.fake.fault("sendChatAction", { code: 403 });
    const typing = rig.channel.typing?.({ chat: "42" }, new AbortController().signal);
    expect(await failureOf(Promise.resolve(typing))).toEqual({ kind: "permanent" });
  });
});
