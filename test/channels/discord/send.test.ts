import { MessageCreateRequestSchema } from "discord-api-spec/zod";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Channel, OutgoingPart, SendContext } from "../../../src/channels/channel.ts";
import { DeliveryError } from "../../../src/channels/delivery-error.ts";
import { type Address, effectKey } from "../../../src/events/event.ts";
import { eventually } from "../../contracts/recording-receiver.ts";
import { ADA, BEN, createRig, type DiscordRig, startConnected } from "./rig.ts";

const POST = /^POST \/channels\/\d+\/messages$/;

describe("the Discord channel's sending", () => {
  let rig: DiscordRig;
  let channel: Channel;

  beforeEach(async () => {
    rig = await createRig();
    channel = rig.channel();
  });
  afterEach(() => rig.fake.close());

  const never = new AbortController().signal;
  const context = (given: Partial<SendContext> = {}): SendContext => ({
    idempotencyKey: "part-1",
    firstTriedAt: Date.now(),
    signal: never,
    ...given,
  });
  const toAda = () => ({ chat: rig.fake.dm(ADA) });
  const send = (part: OutgoingPart, given?: Partial<SendContext>) =>
    channel.send(part, toAda(), context(given));
  const shown = (user = ADA) => rig.fake.replies(rig.fake.dm(user)).map(({ content }) => content);

  const failure = async (attempt: Promise<unknown>) => {
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    return error instanceof DeliveryError ? error.failure : error;
  };

  it("shows a table as a code block, which Discord can", async () => {
    const prepared = await channel.prepare?.("Look:\n\n| a | bb |\n|---|---|\n| 1 | 2 |");
    expect(prepared).toBe("Look:\n\n```\na | bb\n--+---\n1 | 2\n```");
    expect(await channel.prepare?.("**no** table")).toBe("**no** table");
  });

  // weaknesses.md W-D13: a chat that was not in the cache got no reply.
  it("needs no connection to the gateway, and no channel in a cache", async () => {
    await send({ text: "hello" });
    expect(shown()).toEqual(["hello"]);
    expect(rig.fake.requests().map(({ name }) => name)).toEqual([
      `POST /channels/${rig.fake.dm(ADA)}/messages`,
    ]);
  });

  it("asks in the form that Discord's description gives", async () => {
    const part = { text: "hello", label: "(may be a repeat)" };
    await channel.send(part, { ...toAda(), replyTo: "1400000000000000001" }, context());
    const [request] = rig.fake.requests(POST);
    expect(MessageCreateRequestSchema.safeParse(request?.body).error).toBeUndefined();
  });

  it("notifies nobody, whatever the text says", async () => {
    await send({ text: `@everyone <@${BEN}> <@&1>` });
    expect(rig.fake.requests(POST)[0]?.body).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(rig.fake.replies(rig.fake.dm(ADA))[0]?.pinged).toEqual([]);
  });

  it("quotes the message that it answers, and sends although that is gone", async () => {
    const { id } = rig.fake.say(ADA, "question");
    await channel.send({ text: "answer" }, { ...toAda(), replyTo: id }, context());
    const gone = { ...toAda(), replyTo: "1400000000000000001" };
    await channel.send({ text: "late" }, gone, context({ idempotencyKey: "part-2" }));
    expect(rig.fake.replies(rig.fake.dm(ADA)).map(({ replyTo }) => replyTo)).toEqual([
      id,
      undefined,
    ]);
  });

  // peers #42: what cannot be quoted is answered all the same. Red without the second request.
  it("answers without the quotation where it may not quote", async () => {
    const { fake } = rig;
    const { id } = fake.say(ADA, "question", { channel: fake.generalId });
    fake.setAccess(fake.generalId, "no-history");
    await channel.send({ text: "answer" }, { chat: fake.generalId, replyTo: id }, context());
    expect(fake.replies(fake.generalId)).toMatchObject([{ content: "answer", replyTo: undefined }]);
    expect(fake.requests(POST)).toHaveLength(2);
  });

  // peers #10: a nonce belongs to one text. Red when the notice takes the answer's key.
  it("shows an answer and a notice about the same message, sent in the same second", async () => {
    const key = "discord/1/2";
    for (const effect of ["reply", "notice"] as const) {
      await send({ text: effect }, { idempotencyKey: `${effectKey(key, effect)}#0` });
    }
    expect(shown()).toEqual(["reply", "notice"]);
  });

  it("sends into a thread", async () => {
    const thread = rig.fake.addChannel("thread", { type: 11, parent: rig.fake.generalId });
    await channel.send({ text: "here" }, { chat: rig.fake.generalId, thread }, context());
    expect(rig.fake.replies(thread).map(({ content }) => content)).toEqual(["here"]);
  });

  // peers #20, #45: one key for one part, whatever becomes of it.
  it("posted, then cut: the same part again is the same message", async () => {
    rig.fake.fault(POST, { deliverThenDrop: true });
    expect(await failure(send({ text: "once" }))).toEqual({ kind: "transient", ambiguous: true });
    const receipt = await send({ text: "once" });
    expect(shown()).toEqual(["once"]);
    expect(receipt.messageId).toBe(rig.fake.replies(rig.fake.dm(ADA))[0]?.id);
  });

  it("another part with the same text is another message", async () => {
    await send({ text: "same" });
    await send({ text: "same" }, { idempotencyKey: "part-2" });
    expect(shown()).toEqual(["same", "same"]);
  });

  it("a label that has no room before the text is a message of its own, once", async () => {
    const part = { text: "x".repeat(2_000), label: "(may be a repeat)" };
    rig.fake.fault(POST, {}, 1);
    rig.fake.fault(POST, { deliverThenDrop: true });
    await failure(send(part));
    await send(part);
    expect(shown().map((text) => text.length)).toEqual([19, 2_000]);
  });

  it("an answer that never comes is ambiguous, and is given up in time", async () => {
    rig.fake.fault(POST, { hang: true });
    const stop = new AbortController();
    const attempt = failure(send({ text: "hello" }, { signal: stop.signal }));
    await eventually(() => expect(rig.fake.requests(POST)).toHaveLength(1));
    stop.abort();
    expect(await attempt).toEqual({ kind: "transient", ambiguous: true });
  });

  it("a part that waits behind another one of its channel and is given up was not sent", async () => {
    rig.fake.fault(POST, { delayMs: 400 });
    const first = send({ text: "first" });
    await eventually(() => expect(rig.fake.requests(POST)).toHaveLength(1));
    const stop = new AbortController();
    const second = failure(send({ text: "second" }, { idempotencyKey: "2", signal: stop.signal }));
    stop.abort();
    expect(await second).toEqual({ kind: "transient", ambiguous: false });
    await first;
    expect(shown()).toEqual(["first"]);
  });

  it("one channel's trouble does not hold up another one", async () => {
    rig.fake.fault(`POST /channels/${rig.fake.dm(ADA)}/messages`, { code: 429, retryAfter: 60 });
    expect(await failure(send({ text: "a" }))).toEqual({
      kind: "rate-limited",
      retryAfterMs: 60_000,
    });
    await channel.send({ text: "b" }, { chat: rig.fake.dm(BEN) }, context());
    expect(shown(BEN)).toEqual(["b"]);
  });

  // peers #38.
  it("says rate-limited without a request while the limit that was told lasts", async () => {
    rig.fake.setSendLimit(2, 600);
    await send({ text: "1" }, { idempotencyKey: "1" });
    await send({ text: "2" }, { idempotencyKey: "2" });
    const limited = await failure(send({ text: "3" }, { idempotencyKey: "3" }));
    expect(limited).toMatchObject({ kind: "rate-limited" });
    expect(rig.fake.requests(POST)).toHaveLength(2);
    const { retryAfterMs } = limited as { retryAfterMs: number };
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 20));
    await send({ text: "3" }, { idempotencyKey: "3" });
    expect(shown()).toEqual(["1", "2", "3"]);
  });

  it("holds every send back while the limit of the whole bot lasts", async () => {
    rig.fake.fault(POST, { code: 429, retryAfter: 0.5, description: "global" });
    expect(await failure(send({ text: "a" }))).toEqual({ kind: "rate-limited", retryAfterMs: 500 });
    const other = channel.send({ text: "b" }, { chat: rig.fake.dm(BEN) }, context());
    expect(await failure(other)).toMatchObject({ kind: "rate-limited" });
    expect(rig.fake.requests(POST)).toHaveLength(1);
  });

  it("works again after a 401, without a restart", async () => {
    rig.fake.fault(POST, { code: 401 });
    expect(await failure(send({ text: "a" }))).toEqual({ kind: "disconnected" });
    await send({ text: "a" });
    expect(shown()).toEqual(["a"]);
  });

  it("a proxy's page is no verdict about the message", async () => {
    rig.fake.fault(POST, { html: true, code: 502 });
    expect(await failure(send({ text: "a" }))).toEqual({ kind: "transient", ambiguous: true });
    rig.fake.fault(POST, { html: true, code: 404 });
    expect(await failure(send({ text: "a" }))).toEqual({ kind: "transient", ambiguous: false });
  });

  describe("findSent", () => {
    const find = (part: OutgoingPart, given?: Partial<SendContext>, to: Address = toAda()) =>
      Promise.resolve(channel.findSent?.(part, to, context(given)));
    const newest = (to: Address = toAda()) => Promise.resolve(channel.newestMessage?.(to, never));
    const lastId = () => rig.fake.replies(rig.fake.dm(ADA)).at(-1)?.id;

    it("finds what was posted, however much else was written", async () => {
      const after = await newest();
      for (let i = 0; i < 230; i += 1) rig.fake.say(ADA, `noise ${i}`);
      rig.fake.fault(POST, { deliverThenDrop: true });
      await failure(send({ text: "  found  " }));
      expect(await find({ text: "  found  " }, { after })).toEqual({ messageId: lastId() });
    });

    it("does not take a person's message, an older one, or another text for it", async () => {
      const before = await newest();
      const { messageId } = await send({ text: "hello" });
      rig.fake.say(ADA, "hello");
      expect(await find({ text: "hello" }, { after: before })).toEqual({ messageId });
      // Red when the time of the first try decides: both were sent in the same moment.
      expect(await find({ text: "hello" }, { after: await newest() })).toBe("absent");
      expect(await find({ text: "hell" }, { after: before })).toBe("absent");
    });

    // Red with a search that begins at the time of the first try.
    it.each([-48, -1, 1, 48])("finds it with a clock that is set %i hours off", async (hours) => {
      const after = await newest();
      rig.fake.fault(POST, { deliverThenDrop: true });
      await failure(send({ text: "hello" }));
      const firstTriedAt = Date.now() + hours * 3_600_000;
      expect(await find({ text: "hello" }, { after, firstTriedAt })).toEqual({
        messageId: lastId(),
      });
    });

    it("searches behind the message that is answered when the place is lost", async () => {
      await send({ text: "hello" });
      const { id } = rig.fake.say(ADA, "again");
      const cause = `discord/1/${id}`;
      expect(await find({ text: "hello" }, { cause, firstTriedAt: 0 })).toBe("absent");
      const { messageId } = await send({ text: "hello" }, { idempotencyKey: "part-2" });
      expect(await find({ text: "hello" }, { cause, firstTriedAt: 0 })).toEqual({ messageId });
      // Without anything to answer: a day before the first try.
      expect(await find({ text: "hello" })).toMatchObject({ messageId: expect.any(String) });
    });

    it("cannot tell where the history is closed", async () => {
      rig.fake.setAccess(rig.fake.generalId, "hidden");
      const to = { chat: rig.fake.generalId };
      expect(await find({ text: "a" }, {}, to)).toBe("unknown");
      expect(await newest(to)).toBeUndefined();
    });

    // peers #20, #34. Red when an empty page is taken for a channel where nobody wrote.
    it("cannot tell where it may not read what was", async () => {
      const { fake } = rig;
      const to = { chat: fake.generalId };
      const { id } = fake.say(ADA, "question", { channel: fake.generalId });
      fake.setAccess(fake.generalId, "no-history");
      const after = await newest(to);
      fake.fault(POST, { deliverThenDrop: true });
      await failure(channel.send({ text: "answer" }, to, context()));
      expect(await find({ text: "answer" }, { after, cause: `discord/1/${id}` }, to)).toBe(
        "unknown",
      );
      fake.setAccess(fake.generalId, "open");
      expect(await find({ text: "answer" }, { after: id }, to)).toMatchObject({
        messageId: expect.any(String),
      });
    });

    it("rejects when the history cannot be read now: nothing has left", async () => {
      rig.fake.fault(/^GET/, { drop: true }, 2);
      expect(await failure(find({ text: "a" }))).toMatchObject({ kind: "transient" });
      expect(await failure(newest())).toEqual({ kind: "transient", ambiguous: false });
    });
  });

  describe("newestMessage", () => {
    const newest = () => Promise.resolve(channel.newestMessage?.(toAda(), never));
    const questions = () => rig.fake.requests(/^GET .*messages/).length;

    it("is asked once, and then known from what was sent", async () => {
      expect(await newest()).toBe("0");
      const { messageId } = await send({ text: "one" });
      rig.fake.say(ADA, "between");
      expect(await newest()).toBe(messageId);
      expect(questions()).toBe(1);
    });

    it("is asked again after a send of which nobody knows", async () => {
      await send({ text: "one" });
      rig.fake.fault(POST, { deliverThenDrop: true });
      await failure(send({ text: "two" }, { idempotencyKey: "part-2" }));
      expect(await newest()).toBe(rig.fake.replies(rig.fake.dm(ADA)).at(-1)?.id);
      expect(questions()).toBe(1);
    });
  });

  it("leaves no listeners on a signal that lasts", async () => {
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on("warning", onWarning);
    for (let i = 0; i < 15; i += 1) {
      await channel.send({ text: `m${i}` }, toAda(), context({ idempotencyKey: `${i}`, signal }));
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  it("does not answer its own messages", async () => {
    const { receiver, channel: connected } = await startConnected(rig);
    await connected.send({ text: "echo" }, toAda(), context());
    rig.fake.say(ADA, "end");
    await eventually(() => expect(receiver.texts()).toEqual(["end"]));
  });
});
