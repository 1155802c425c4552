import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  eventually,
  type RecordingReceiver,
  recordingReceiver,
} from "../../contracts/recording-receiver.ts";
import { ADA, BEN, createRig, type DiscordRig, startConnected } from "./rig.ts";

const CANNOT_READ = "cannot read the history";
const THREAD_CREATED = 18;
const THREAD_STARTER = 21;

const texts = (count: number, name = "m") => Array.from({ length: count }, (_, i) => `${name}${i}`);

/** Given to the receiver, however often: the store's keys would hide a message that came twice. */
const given = (receiver: RecordingReceiver) => receiver.offered().flat();
const givenTexts = (receiver: RecordingReceiver) => given(receiver).map(({ text }) => text);

// peers #34: what was written while the bot was not connected is answered, once and in order.
describe("the Discord channel's catch-up over gaps", () => {
  let rig: DiscordRig;

  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(() => rig.fake.close());

  const general = () => ({ groups: { [rig.fake.generalId]: { mention: false } } });
  const groupMark = (id: string) => rig.marks.get(`group/${id}`);
  const warnings = () =>
    rig.log.filter(({ message }) => message === CANNOT_READ).map(({ reason }) => reason);
  /** The bot knows its private chats and the channel, and is gone. */
  const known = async (options: { groups: Record<string, unknown> } = general()) => {
    const first = await startConnected(rig, options);
    for (const id of Object.keys(options.groups)) {
      await eventually(() => expect(groupMark(id)).toBeDefined());
    }
    await first.stop();
    rig.fake.gateway.forgetSessions();
  };
  /** A gateway that replays nothing, so that only the history can tell. */
  const newSession = () => {
    rig.fake.gateway.forgetSessions();
    rig.fake.gateway.kill();
  };

  describe("in what the history gives", () => {
    it("reads on behind a message that was deleted, and answers no deleted one", async () => {
      const { fake } = rig;
      const first = await startConnected(rig);
      const before = fake.say(ADA, "before");
      await eventually(() => expect(first.receiver.texts()).toEqual(["before"]));
      await first.stop();
      fake.remove(fake.dm(ADA), before.id);
      const taken = fake.say(ADA, "taken back");
      fake.say(ADA, "kept");
      fake.remove(fake.dm(ADA), taken.id);
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(receiver.texts()).toEqual(["kept"]));
      fake.say(ADA, "and on");
      await eventually(() => expect(receiver.texts()).toEqual(["kept", "and on"]));
    });

    it("answers an edited message for what it says now", async () => {
      await known();
      const said = rig.fake.say(ADA, "tpyo");
      said.content = "typo";
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(receiver.texts()).toEqual(["typo"]));
    });

    it("passes over what no person said, and sets aside what it cannot read", async () => {
      await known();
      const { fake } = rig;
      const where = { channel: fake.generalId };
      fake.say(BEN, "", { ...where, fields: { type: THREAD_CREATED } });
      fake.say(BEN, "hook", { ...where, fields: { webhook_id: "5" } });
      fake.say(BEN, "odd", { ...where, fields: { timestamp: "yesterday" } });
      const last = fake.say(BEN, "fine", where);
      const { receiver } = await startConnected(rig, general());
      await eventually(() => expect(receiver.texts()).toEqual(["fine"]));
      expect(receiver.setAsides()).toHaveLength(1);
      await eventually(() => expect(groupMark(fake.generalId)).toBe(last.id));
    });

    it("keeps order and gives nothing twice when people go on writing between its pages", async () => {
      await known();
      const { fake } = rig;
      const missed = texts(250);
      for (const text of missed) fake.say(ADA, text);
      let live = 0;
      fake.onRequest(`GET /channels/${fake.dm(ADA)}/messages`, "posted", () => {
        fake.say(ADA, `live${live++}`);
      });
      const { receiver } = await startConnected(rig);
      await eventually(() => expect(live).toBeGreaterThanOrEqual(3));
      const wanted = [...missed, "live0", "live1", "live2"];
      await eventually(() => expect(receiver.texts()).toEqual(expect.arrayContaining(wanted)));
      expect(receiver.texts().slice(0, wanted.length)).toEqual(wanted);
      expect(new Set(givenTexts(receiver)).size).toBe(givenTexts(receiver).length);
    });
  });

  describe("in a thread", () => {
    it("that is configured, a forum's post too, is caught up like any channel", async () => {
      const { fake } = rig;
      const thread = fake.addChannel("a post", { type: 11, parent: fake.generalId });
      const groups = { groups: { [thread]: { mention: false } } };
      await known(groups);
      fake.say(ADA, "", { channel: thread, fields: { type: THREAD_STARTER } });
      for (const text of texts(3)) fake.say(ADA, text, { channel: thread });
      fake.say(ADA, "elsewhere", { channel: fake.generalId });
      const { receiver } = await startConnected(rig, groups);
      await eventually(() => expect(receiver.texts()).toEqual(texts(3)));
      expect(receiver.accepted()[0]?.chat).toEqual({ id: thread, kind: "group" });
      newSession();
      fake.say(BEN, "later", { channel: thread });
      await eventually(() => expect(receiver.texts()).toEqual([...texts(3), "later"]));
    });
  });

  describe("in a channel that the bot may not read", () => {
    it.each([
      ["hidden", "Missing Access"],
      ["gone", "Unknown Channel"],
      ["no-history", "Read Message History"],
    ] as const)("(%s) says so once, and goes on with the others", async (access, reason) => {
      await known();
      const { fake } = rig;
      fake.say(BEN, "unread", { channel: fake.generalId });
      fake.say(ADA, "read");
      fake.setAccess(fake.generalId, access);
      const { receiver } = await startConnected(rig, general());
      await eventually(() => expect(receiver.texts()).toEqual(["read"]));
      await eventually(() => expect(warnings()).toHaveLength(1));
      expect(warnings()).toEqual([expect.stringContaining(reason)]);
    });

    it.each(["hidden", "no-history"] as const)(
      "(%s) answers from where it was as soon as it may read again",
      async (access) => {
        await known();
        const { fake } = rig;
        for (const text of texts(3)) fake.say(BEN, text, { channel: fake.generalId });
        fake.setAccess(fake.generalId, access);
        const { receiver } = await startConnected(rig, general());
        await eventually(() => expect(warnings()).toHaveLength(1));
        fake.setAccess(fake.generalId, "open");
        newSession();
        await eventually(() => expect(receiver.texts()).toEqual(texts(3)));
      },
    );

    // Red when the mark moves to the first message that is heard again.
    it("(hidden) answers what it has missed before the first message that it hears again", async () => {
      await known();
      const { fake } = rig;
      const where = { channel: fake.generalId };
      for (const text of texts(3)) fake.say(BEN, text, where);
      fake.setAccess(fake.generalId, "hidden");
      const { receiver } = await startConnected(rig, general());
      await eventually(() => expect(warnings()).toHaveLength(1));
      fake.setAccess(fake.generalId, "open");
      fake.say(BEN, "back", where);
      await eventually(() => expect(receiver.texts()).toEqual([...texts(3), "back"]));
      fake.say(BEN, "and on", where);
      await eventually(() => expect(receiver.texts()).toHaveLength(5));
      expect(fake.gateway.identifies()).toBe(2);
    });

    it("(no-history) still takes what the gateway tells, and says nothing of a channel where nobody wrote", async () => {
      await known();
      const { fake } = rig;
      fake.setAccess(fake.generalId, "no-history");
      const { receiver } = await startConnected(rig, general());
      fake.say(BEN, "live", { channel: fake.generalId });
      await eventually(() => expect(receiver.texts()).toEqual(["live"]));
      const asked = () => fake.requests(`GET /channels/${fake.generalId}`).length;
      const before = asked();
      newSession();
      await eventually(() => expect(asked()).toBe(before + 1));
      fake.say(BEN, "again", { channel: fake.generalId });
      await eventually(() => expect(receiver.texts()).toEqual(["live", "again"]));
      expect(warnings()).toEqual([]);
    });

    it("while its history fails again and again, keeps nobody else waiting", async () => {
      await known();
      const { fake } = rig;
      fake.say(BEN, "stuck", { channel: fake.generalId });
      fake.say(ADA, "free");
      const broken = `GET /channels/${fake.generalId}/messages`;
      fake.fault(broken, { code: 502 }, Number.POSITIVE_INFINITY);
      const { receiver } = await startConnected(rig, general());
      await eventually(() => expect(fake.requests(broken).length).toBeGreaterThan(1));
      expect(receiver.texts()).toEqual(["free"]);
      fake.clearFaults();
      await eventually(() => expect(receiver.texts()).toEqual(["free", "stuck"]));
    });
  });

  describe("with gateway and history together", () => {
    const away = async () => {
      rig.fake.gateway.kill();
      await eventually(() => expect(rig.fake.gateway.connections()).toBe(0));
      for (const text of texts(5)) rig.fake.say(ADA, text);
    };

    it("a resumed session gives each message once, though both tell it", async () => {
      const { receiver } = await startConnected(rig);
      await away();
      await eventually(() => expect(receiver.texts()).toEqual(texts(5)));
      expect(rig.fake.gateway.resumes()).toBe(1);
      rig.fake.say(ADA, "after");
      await eventually(() => expect(receiver.texts()).toEqual([...texts(5), "after"]));
      expect(givenTexts(receiver)).toEqual([...texts(5), "after"]);
    });

    it("a resumed session whose messages take long to store gives each once, in order", async () => {
      const receiver = recordingReceiver();
      await startConnected(rig, { receiver });
      const release = receiver.hold();
      rig.fake.say(ADA, "slow");
      await eventually(() => expect(given(receiver)).toHaveLength(1));
      await away();
      await eventually(() => expect(rig.fake.gateway.resumes()).toBe(1));
      rig.fake.say(ADA, "after");
      release();
      await eventually(() => expect(receiver.texts()).toHaveLength(7));
      expect(givenTexts(receiver)).toEqual(["slow", ...texts(5), "after"]);
    });

    it.each([true, false])(
      "a session that Discord ends (resumable: %s) costs nothing",
      async (resumable) => {
        const { fake } = rig;
        const { receiver } = await startConnected(rig);
        fake.say(ADA, "before");
        await eventually(() => expect(receiver.texts()).toEqual(["before"]));
        fake.gateway.invalidate(resumable);
        for (const text of texts(5)) fake.say(ADA, text);
        await eventually(() => expect(receiver.texts()).toEqual(["before", ...texts(5)]));
        // The messages may have come on the old connection, before it was given up.
        await eventually(() =>
          expect(fake.gateway.identifies() + fake.gateway.resumes()).toBeGreaterThanOrEqual(2),
        );
        expect(receiver.texts()).toHaveLength(6);
      },
    );

    it("six hundred messages behind a slow disk come in order, each once", async () => {
      const receiver = recordingReceiver();
      await startConnected(rig, { receiver });
      const release = receiver.hold();
      rig.fake.say(ADA, "first");
      await eventually(() => expect(given(receiver)).toHaveLength(1));
      for (const text of texts(600)) rig.fake.say(ADA, text);
      await eventually(() => expect(rig.fake.messages(rig.fake.dm(ADA))).toHaveLength(601));
      // The last one has come by the gateway when another conversation's, said after it, has.
      rig.fake.say(BEN, "told");
      await eventually(() => expect(givenTexts(receiver)).toContain("told"));
      release();
      const wanted = ["first", ...texts(600)];
      const ofAda = () => given(receiver).filter(({ sender }) => sender.id === ADA);
      await eventually(() => expect(ofAda()).toHaveLength(601));
      expect(ofAda().map(({ text }) => text)).toEqual(wanted);
    });
  });
});
