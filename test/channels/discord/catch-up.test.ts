import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { firstIdAt } from "../../../src/channels/discord/snowflake.ts";
import { eventually, recordingReceiver } from "../../contracts/recording-receiver.ts";
import { ADA, BEN, createRig, type DiscordRig, EVE, start, startConnected } from "./rig.ts";

const HISTORY = /^GET \/channels\/\d+\/messages$/;

// peers #34.
describe("the Discord channel's catch-up", () => {
  let rig: DiscordRig;

  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(() => rig.fake.close());

  const general = () => ({ groups: { [rig.fake.generalId]: { mention: false } } });
  const dmMark = (user: string) => rig.marks.get(`private/${rig.fake.dm(user)}`);

  describe("after a restart", () => {
    it("gives what named users and configured groups wrote while the server was down, in order", async () => {
      const { fake } = rig;
      const first = await startConnected(rig, general());
      await eventually(() => expect(rig.marks.get(`group/${fake.generalId}`)).toBeDefined());
      await first.stop();
      fake.gateway.forgetSessions();
      for (let i = 0; i < 5; i += 1) fake.say(ADA, `ada ${i}`);
      for (let i = 0; i < 5; i += 1) fake.say(BEN, `ben ${i}`, { channel: fake.generalId });
      const { receiver } = await startConnected(rig, general());
      await eventually(() => expect(receiver.texts()).toHaveLength(10));
      const from = (name: string) => receiver.texts().filter((text) => text.startsWith(name));
      expect(from("ada")).toEqual(["ada 0", "ada 1", "ada 2", "ada 3", "ada 4"]);
      expect(from("ben")).toEqual(["ben 0", "ben 1", "ben 2", "ben 3", "ben 4"]);
      expect(receiver.accepted().find(({ text }) => text === "ben 0")?.chat.kind).toBe("group");
    });

    it("reads as many pages as there are", async () => {
      const { fake } = rig;
      await (await startConnected(rig)).stop();
      const texts = Array.from({ length: 250 }, (_, i) => `m${i}`);
      for (const text of texts) fake.say(ADA, text);
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(receiver.texts()).toEqual(texts));
    });

    it("gives nothing a second time that was durable before", async () => {
      const { fake } = rig;
      const first = await startConnected(rig);
      fake.say(ADA, "before");
      await eventually(() => expect(first.receiver.texts()).toEqual(["before"]));
      await first.stop();
      fake.say(ADA, "during");
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(receiver.texts()).toEqual(["during"]));
    });

    it("gives what was not durable before", async () => {
      const { fake } = rig;
      const receiver = recordingReceiver();
      receiver.refuse(Number.POSITIVE_INFINITY);
      const first = await startConnected(rig, { receiver });
      fake.say(ADA, "not durable");
      await eventually(() => expect(receiver.refused()).not.toEqual([]));
      await first.stop();
      const second = await startConnected(rig);
      await eventually(() => expect(second.receiver.texts()).toEqual(["not durable"]));
    });

    it.each([
      ["is read", { delayMs: 400 }],
      ["cannot be read", { code: 502 }],
    ])("holds what is written while the history %s behind what was missed", async (_, fault) => {
      const { fake } = rig;
      await (await startConnected(rig)).stop();
      fake.say(ADA, "missed");
      fake.fault(HISTORY, fault, 2);
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(fake.requests(HISTORY)).not.toEqual([]));
      fake.say(ADA, "live");
      await eventually(() => expect(receiver.texts()).toEqual(["missed", "live"]));
    });
  });

  describe("at the first start", () => {
    it("answers nothing old, neither in private nor in groups", async () => {
      const { fake, marks } = rig;
      sayLongAgo(rig, "old");
      const { receiver } = await startConnected(rig, general());
      await eventually(() => expect(marks.get(`group/${fake.generalId}`)).toBeDefined());
      fake.say(ADA, "new");
      await eventually(() => expect(receiver.texts()).toEqual(["new"]));
    });

    it("gives each named user's private chat a mark before it says that it is connected", async () => {
      await startConnected(rig);
      expect(dmMark(ADA)).toBeDefined();
      expect(dmMark(BEN)).toBeDefined();
    });

    it("gives what was written since a start that never got a connection", async () => {
      const { fake } = rig;
      fake.gateway.admit(false);
      const killed = start(rig);
      await eventually(() => expect(killed.receiver.state()?.kind).toBe("failing"));
      await killed.stop();
      fake.say(ADA, "anyone there?");
      fake.gateway.admit(true);
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(receiver.texts()).toEqual(["anyone there?"]));
    });
  });

  describe("after a gateway outage", () => {
    it("gives what a resumed session replays, once and in order", async () => {
      const { fake } = rig;
      const { receiver } = await startConnected(rig);
      fake.gateway.kill();
      await eventually(() => expect(fake.gateway.connections()).toBe(0));
      for (let i = 0; i < 3; i += 1) fake.say(ADA, `m${i}`);
      await eventually(() => expect(receiver.texts()).toEqual(["m0", "m1", "m2"]));
      expect(fake.gateway.resumes()).toBe(1);
    });

    it("reads from the history what a resumed session failed to replay", async () => {
      const { fake } = rig;
      const { receiver } = await startConnected(rig);
      fake.gateway.kill();
      await eventually(() => expect(fake.gateway.connections()).toBe(0));
      fake.say(ADA, "swallowed");
      fake.gateway.loseReplay();
      await eventually(() => expect(receiver.texts()).toEqual(["swallowed"]));
      expect(fake.gateway.identifies()).toBe(1);
    });

    it("reads from the history what a lost session cannot replay", async () => {
      const { fake } = rig;
      const { receiver } = await startConnected(rig);
      fake.gateway.admit(false);
      fake.gateway.forgetSessions();
      for (let i = 0; i < 3; i += 1) fake.say(ADA, `m${i}`);
      await eventually(() => expect(receiver.state()?.kind).toBe("failing"));
      fake.gateway.admit(true);
      await eventually(() => expect(receiver.texts()).toEqual(["m0", "m1", "m2"]), 15_000);
      expect(fake.gateway.identifies()).toBe(2);
      await eventually(() => expect(receiver.state()?.kind).toBe("connected"));
    });
  });

  describe("after a failure to store", () => {
    it("gives everything in order once storing works again, and moves the mark only then", async () => {
      const { fake } = rig;
      const receiver = recordingReceiver();
      await startConnected(rig, { receiver });
      const before = dmMark(ADA);
      receiver.refuse(3);
      const texts = Array.from({ length: 6 }, (_, i) => `m${i}`);
      for (const text of texts.slice(0, 3)) fake.say(ADA, text);
      await eventually(() => expect(receiver.refused()).not.toEqual([]));
      expect(dmMark(ADA)).toBe(before);
      for (const text of texts.slice(3)) fake.say(ADA, text);
      await eventually(() => expect(receiver.texts()).toEqual(texts));
      await eventually(() => expect(dmMark(ADA)).toBe(fake.messages(fake.dm(ADA)).at(-1)?.id));
    });

    it("delays only that conversation", async () => {
      const { fake } = rig;
      const receiver = recordingReceiver();
      const accept = receiver.accept;
      let adaMayPass = false;
      const picky = {
        ...receiver,
        accept: async (messages: Parameters<typeof accept>[0]) => {
          if (!adaMayPass && messages.some(({ sender }) => sender.id === ADA))
            throw new Error("no");
          await accept(messages);
        },
      };
      await startConnected(rig, { receiver: picky });
      fake.say(ADA, "blocked");
      fake.say(BEN, "free");
      await eventually(() => expect(receiver.texts()).toEqual(["free"]));
      adaMayPass = true;
      await eventually(() => expect(receiver.texts()).toEqual(["free", "blocked"]));
    });

    it("keeps what the gateway told where the history is closed to the bot", async () => {
      const { fake } = rig;
      const receiver = recordingReceiver();
      await startConnected(rig, { receiver, ...general() });
      await eventually(() => expect(rig.marks.get(`group/${fake.generalId}`)).toBeDefined());
      receiver.refuse(2);
      fake.say(ADA, "hold this", { channel: fake.generalId });
      await eventually(() => expect(receiver.refused()).not.toEqual([]));
      fake.setAccess(fake.generalId, "hidden");
      await eventually(() => expect(receiver.texts()).toEqual(["hold this"]));
    });

    it("asks again when the history cannot be read", async () => {
      const { fake } = rig;
      await (await startConnected(rig)).stop();
      fake.say(ADA, "patience");
      fake.fault(HISTORY, { code: 502 }, 2);
      fake.fault(HISTORY, { drop: true });
      fake.fault(HISTORY, { code: 429, retryAfter: 0.3 });
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(receiver.texts()).toEqual(["patience"]));
    });
  });

  it("sets aside a message that it cannot read, and goes on behind it", async () => {
    const { fake } = rig;
    const { receiver } = await startConnected(rig);
    fake.say(ADA, "odd", { fields: { timestamp: "yesterday" } });
    fake.say(ADA, "fine");
    await eventually(() => expect(receiver.texts()).toEqual(["fine"]));
    expect(receiver.setAsides().map(({ payload }) => payload)).toMatchObject([{ content: "odd" }]);
  });

  it("keeps no mark of strangers", async () => {
    const { fake } = rig;
    const { receiver } = await startConnected(rig);
    fake.say(EVE, "let me in");
    fake.say(EVE, "psst", { channel: fake.generalId });
    await eventually(() => expect(receiver.texts()).toHaveLength(2));
    expect(dmMark(EVE)).toBeUndefined();
    expect(rig.marks.get(`group/${fake.generalId}`)).toBeUndefined();
  });

  it("keeps marks of everyone with *", async () => {
    const { fake } = rig;
    const { receiver, stop } = await startConnected(rig, { allow_from: ["*"] });
    fake.say(EVE, "hello");
    await eventually(() => expect(receiver.texts()).toEqual(["hello"]));
    await stop();
    fake.say(EVE, "still there?");
    const second = await startConnected(rig, { allow_from: ["*"] });
    await eventually(() => expect(second.receiver.texts()).toEqual(["still there?"]));
  });

  it("with * finds a new conversation's first message again that was not durable", async () => {
    const receiver = recordingReceiver();
    receiver.refuse(Number.POSITIVE_INFINITY);
    const first = await startConnected(rig, { receiver, allow_from: ["*"] });
    rig.fake.say(EVE, "my first");
    await eventually(() => expect(receiver.refused()).not.toEqual([]));
    await first.stop();
    const second = await startConnected(rig, { allow_from: ["*"] });
    await eventually(() => expect(second.receiver.texts()).toEqual(["my first"]));
  });

  it("forgets the marks of users who were taken off the list", async () => {
    await (await startConnected(rig)).stop();
    expect(dmMark(BEN)).toBeDefined();
    await startConnected(rig, { allow_from: [ADA] });
    expect(dmMark(BEN)).toBeUndefined();
    expect(dmMark(ADA)).toBeDefined();
  });

  it("connects although a named user cannot be reached, and says so in the log", async () => {
    rig.fake.fault("POST /users/@me/channels", {
      code: 400,
      description: "50033 Invalid Recipient(s)",
    });
    await startConnected(rig, { allow_from: [ADA] });
    expect(rig.log.map(({ message }) => message)).toContain(
      "cannot open the private chat with a user of allow_from",
    );
  });
});

/** In the history before the bot was ever started. */
function sayLongAgo({ fake }: DiscordRig, text: string): void {
  for (const channel of [fake.dm(ADA), fake.generalId]) {
    fake.say(ADA, text, { channel, id: firstIdAt(Date.now() - 3_600_000) });
  }
}
