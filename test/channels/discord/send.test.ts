import { MessageCreateRequestSchema } from "discord-api-spec/zod";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Channel, OutgoingPart, SendContext } from "../../../src/channels/channel.ts";
import { DeliveryError } from "../../../src/channels/delivery-error.ts";
import { NONCE_WINDOW_MS } from "../../../src/channels/discord/nonce.ts";
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
  const longAgo = (given: Partial<SendContext> = {}) =>
    context({ firstTriedAt: Date.now() - NONCE_WINDOW_MS - 1_000, ...given });
  const toAda = () => ({ chat: rig.fake.dm(ADA) });
  const send = (part: OutgoingPart, given?: Partial<SendContext>) =>
    channel.send(part, toAda(), context(given));
  const shown = (user = ADA) => rig.fake.replies(rig.fake.dm(user)).map(({ content }) => content);

  const failure = async (attempt: Promise<unknown>) => {
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    return error instanceof DeliveryError ? error.failure : error;
  };

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

  it("sends into a thread", async () => {
    const thread = rig.fake.addChannel("thread", { type: 11, parent: rig.fake.generalId });
    await channel.send({ text: "here" }, { chat: rig.fake.generalId, thread }, context());
    expect(rig.fake.replies(thread).map(({ content }) => content)).toEqual(["here"]);
  });

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
    it("asks nothing while sending again is safe by itself", async () => {
      expect(await channel.findSent?.({ text: "a" }, toAda(), context())).toBeUndefined();
      expect(rig.fake.requests()).toEqual([]);
    });

    it("finds what was posted, however much else was written", async () => {
      for (let i = 0; i < 230; i += 1) rig.fake.say(ADA, `noise ${i}`);
      rig.fake.fault(POST, { deliverThenDrop: true });
      const part = { text: "  found  " };
      await failure(send(part));
      const found = await channel.findSent?.(part, toAda(), longAgo());
      expect(found?.messageId).toBe(rig.fake.replies(rig.fake.dm(ADA))[0]?.id);
    });

    it("does not take a person's message, an older one, or another text for it", async () => {
      const { messageId } = await send({ text: "hello" });
      rig.fake.say(ADA, "hello");
      const found = (given: Partial<SendContext>) =>
        channel.findSent?.({ text: "hello" }, toAda(), longAgo(given));
      expect(await found({})).toEqual({ messageId });
      expect(await found({ firstTriedAt: Date.now() + 60_000 })).toBeUndefined();
      expect(await channel.findSent?.({ text: "hell" }, toAda(), longAgo())).toBeUndefined();
    });

    it("finds nothing where the history is closed: to send again is all that is left", async () => {
      rig.fake.setAccess(rig.fake.generalId, "hidden");
      const to = { chat: rig.fake.generalId };
      expect(await channel.findSent?.({ text: "a" }, to, longAgo())).toBeUndefined();
    });

    it("rejects when the history cannot be read now", async () => {
      rig.fake.fault(/^GET/, { code: 502 });
      const attempt = Promise.resolve(channel.findSent?.({ text: "a" }, toAda(), longAgo()));
      expect(await failure(attempt)).toMatchObject({ kind: "transient" });
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
