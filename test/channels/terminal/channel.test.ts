import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeliveryError, type DeliveryFailure } from "../../../src/channels/delivery-error.ts";
import {
  createTerminalChannel,
  type TerminalChannel,
  type TerminalClient,
} from "../../../src/channels/terminal/channel.ts";
import {
  eventually,
  type RecordingReceiver,
  recordingReceiver,
} from "../../contracts/recording-receiver.ts";

/** Somebody at a terminal, who remembers what was shown. */
function person(kind: TerminalClient["kind"] = "interactive") {
  const shown: string[] = [];
  let typings = 0;
  let failure: Error | undefined;
  return {
    kind,
    shown,
    typings: () => typings,
    fail(error: Error) {
      failure = error;
    },
    async show(text: string) {
      shown.push(text);
      if (failure) throw failure;
    },
    typing() {
      typings += 1;
    },
  };
}

/** What the channel contract says for every platform, and what only a terminal has. The contract's own suite needs a
 * platform that can be switched off and refuses tokens; a terminal has neither. */
describe("terminal channel", () => {
  let channel: TerminalChannel;
  let receiver: RecordingReceiver;
  let stop: AbortController;
  let running: Promise<void> | undefined;
  let ids = 0;

  beforeEach(() => {
    channel = createTerminalChannel({
      name: "terminal",
      clock: { now: () => 1_000 },
      newId: () => {
        ids += 1;
        return `id${ids}`;
      },
    });
    receiver = recordingReceiver();
    stop = new AbortController();
    running = undefined;
  });
  afterEach(async () => {
    stop.abort();
    await running;
  });

  const start = () => {
    running = channel.receive(receiver, stop.signal);
  };
  const context = (signal: AbortSignal = stop.signal) => ({
    idempotencyKey: "part",
    firstTriedAt: 0,
    signal,
  });
  const failureOf = async (sent: Promise<unknown>): Promise<DeliveryFailure | undefined> => {
    const error: unknown = await sent.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return error instanceof DeliveryError ? error.failure : undefined;
  };

  describe("receive", () => {
    it("gives what a person writes, with its sender, chat and text", async () => {
      start();
      const session = channel.attach(person());
      const { key, durable } = session.say("good morning");
      await durable;
      expect(receiver.accepted()).toEqual([
        {
          key,
          sender: { id: "cli-user" },
          chat: { id: "cli-user", kind: "private" },
          text: "good morning",
          messageId: key,
          sentAt: 1_000,
          addressed: true,
        },
      ]);
    });

    it("gives each message its own key, over clients too", async () => {
      start();
      const sessions = [channel.attach(person()), channel.attach(person("piped"))];
      const keys = sessions.flatMap((session) => [
        session.say("same").key,
        session.say("same").key,
      ]);
      expect(new Set(keys).size).toBe(4);
      await eventually(() => expect(receiver.texts()).toHaveLength(4));
    });

    it("gives messages in the order in which they were said", async () => {
      start();
      const session = channel.attach(person());
      const release = receiver.hold();
      const said = ["one", "two", "three"].map((text) => session.say(text).durable);
      await eventually(() => expect(receiver.offered()).toHaveLength(1));
      await new Promise((resolve) => setImmediate(resolve));
      // One at a time: a later one cannot overtake.
      expect(receiver.offered()).toHaveLength(1);
      release();
      await Promise.all(said);
      expect(receiver.texts()).toEqual(["one", "two", "three"]);
    });

    it("says are durable only when accept has resolved", async () => {
      start();
      const session = channel.attach(person());
      const release = receiver.hold();
      let isDurable = false;
      const said = session.say("keep me").durable.then(() => {
        isDurable = true;
      });
      await eventually(() => expect(receiver.offered()).toHaveLength(1));
      expect(isDurable).toBe(false);
      release();
      await said;
    });

    it("rejects what was not kept, and goes on with the next message", async () => {
      start();
      const session = channel.attach(person());
      receiver.refuse(1);
      const first = session.say("lost").durable;
      const second = session.say("kept").durable;
      await expect(first).rejects.toThrow("no space left");
      await second;
      expect(receiver.texts()).toEqual(["kept"]);
    });

    it("keeps what is said before it runs", async () => {
      const said = channel.attach(person()).say("early").durable;
      expect(receiver.offered()).toEqual([]);
      start();
      await said;
      expect(receiver.texts()).toEqual(["early"]);
    });

    it("finishes a running accept before it resolves", async () => {
      start();
      const release = receiver.hold();
      const said = channel.attach(person()).say("wait for me").durable;
      await eventually(() => expect(receiver.offered()).toHaveLength(1));
      let ended = false;
      const end = running?.then(() => {
        ended = true;
      });
      stop.abort();
      await new Promise((resolve) => setImmediate(resolve));
      expect(ended).toBe(false);
      release();
      await Promise.all([end, said]);
      expect(receiver.texts()).toEqual(["wait for me"]);
    });

    it("gives nothing after it was stopped, and all of it when it runs again", async () => {
      start();
      const session = channel.attach(person());
      stop.abort();
      await running;
      const said = session.say("second life").durable;
      await new Promise((resolve) => setImmediate(resolve));
      expect(receiver.offered()).toEqual([]);
      stop = new AbortController();
      start();
      await said;
      expect(receiver.texts()).toEqual(["second life"]);
    });
  });

  describe("send", () => {
    it("resolves with an id when the person has the text", async () => {
      start();
      const ada = person();
      channel.attach(ada);
      const first = await channel.send({ text: "hello" }, { chat: "cli-user" }, context());
      const second = await channel.send({ text: "again" }, { chat: "cli-user" }, context());
      expect(ada.shown).toEqual(["hello", "again"]);
      expect(first.messageId).not.toBe(second.messageId);
    });

    it("puts the label before the text, as plain words", async () => {
      start();
      const ada = person();
      channel.attach(ada);
      const part = { text: "**hello**", label: "(may be a repeat)" };
      await channel.send(part, { chat: "cli-user" }, context());
      expect(ada.shown).toEqual(["(may be a repeat)\n**hello**"]);
    });

    // weaknesses.md W-D12: what nobody was there to read was gone.
    it("tells disconnected while nobody is there, and says that it is connected when somebody comes", async () => {
      start();
      const to = { chat: "cli-user" };
      expect(await failureOf(channel.send({ text: "hello" }, to, context()))).toEqual({
        kind: "disconnected",
      });
      const before = receiver.states().length;
      const ada = person();
      channel.attach(ada);
      expect(receiver.states().length).toBe(before + 1);
      expect(receiver.state()?.kind).toBe("connected");
      await channel.send({ text: "hello" }, to, context());
      expect(ada.shown).toEqual(["hello"]);
    });

    it("tells ambiguous when the client was lost while it was shown", async () => {
      start();
      const ada = person();
      ada.fail(new Error("connection lost"));
      channel.attach(ada);
      const sent = channel.send({ text: "hello" }, { chat: "cli-user" }, context());
      expect(await failureOf(sent)).toEqual({ kind: "transient", ambiguous: true });
    });

    it("is confirmed when one of several interactive clients has it", async () => {
      start();
      const [broken, ada] = [person(), person()];
      broken.fail(new Error("connection lost"));
      channel.attach(broken);
      channel.attach(ada);
      await channel.send({ text: "hello" }, { chat: "cli-user" }, context());
      expect(ada.shown).toEqual(["hello"]);
    });

    it("rejects without showing anything when its signal has aborted", async () => {
      start();
      const ada = person();
      channel.attach(ada);
      const over = AbortSignal.abort(new Error("over"));
      const sent = channel.send({ text: "hello" }, { chat: "cli-user" }, context(over));
      expect(await failureOf(sent)).toEqual({ kind: "transient", ambiguous: false });
      expect(ada.shown).toEqual([]);
    });

    // weaknesses.md W-D12: whoever was connected saw everybody's replies.
    it("shows a piped client only what is sent to its own chat", async () => {
      start();
      const [ada, first, second] = [person(), person("piped"), person("piped")];
      channel.attach(ada);
      const [one, two] = [channel.attach(first), channel.attach(second)];
      await channel.send({ text: "to one" }, { chat: one.chat }, context());
      await channel.send({ text: "to two" }, { chat: two.chat }, context());
      expect([ada.shown, first.shown, second.shown]).toEqual([[], ["to one"], ["to two"]]);
    });

    it("shows nothing to a client that has left", async () => {
      start();
      const [gone, ada] = [person(), person()];
      const session = channel.attach(gone);
      session.detach();
      const sent = channel.send({ text: "hello" }, { chat: "cli-user" }, context());
      expect(await failureOf(sent)).toEqual({ kind: "disconnected" });
      channel.attach(ada);
      session.detach();
      await channel.send({ text: "hello" }, { chat: "cli-user" }, context());
      expect([gone.shown, ada.shown]).toEqual([[], ["hello"]]);
    });

    it("typing is shown", async () => {
      start();
      const ada = person();
      channel.attach(ada);
      await channel.typing?.({ chat: "cli-user" }, stop.signal);
      await channel.typing?.({ chat: "pipe-x" }, stop.signal);
      expect(ada.typings()).toBe(1);
    });
  });

  it("counts who is attached", () => {
    const sessions = [person(), person("piped"), person("piped")].map((who) => channel.attach(who));
    expect([channel.attached("interactive"), channel.attached("piped")]).toEqual([1, 2]);
    for (const session of sessions) session.detach();
    expect([channel.attached("interactive"), channel.attached("piped")]).toEqual([0, 0]);
  });
});
