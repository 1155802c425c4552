import { describe, expect, it } from "vitest";
import { accessRules } from "../../src/channels/access.ts";
import type { NewEvent } from "../../src/events/event.ts";
import { createPace } from "../../src/runtime/pace.ts";
import { type ChannelSettings, createChannelRegistry } from "../../src/server/channel-registry.ts";
import { createIntake } from "../../src/server/intake.ts";
import { createOwnerNotices } from "../../src/server/owner-notices.ts";
import { createPairing } from "../../src/server/pairing.ts";
import type { Person } from "../../src/server/person.ts";
import { createStrangerNotices } from "../../src/server/stranger-notices.ts";
import { createStrangers } from "../../src/server/strangers.ts";
import { groupMessage, incomingMessage } from "../builders/incoming-message.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";

interface Setup {
  readonly allow?: readonly string[];
  readonly groups?: Record<string, { mention: boolean }>;
  readonly replyTo?: ChannelSettings["replyTo"];
  readonly hasOwner?: boolean;
  /** Who hears of strangers. */
  readonly owner?: { readonly channel: string; readonly chat: string };
  readonly publish?: (events: readonly NewEvent[]) => Promise<void>;
}

function setUp({ allow = ["42"], groups = {}, replyTo = "groups", ...given }: Setup = {}) {
  const clock = createManualClock();
  const { log, entries } = createRecordingLog();
  const channels = createChannelRegistry(clock);
  const setAllowed = (ids: readonly string[]) =>
    channels.apply([
      {
        name: "telegram",
        platform: "telegram",
        connection: "",
        settings: { access: accessRules({ allow_from: ids, groups }), replyTo },
        create: () => Promise.reject(new Error("not connected here")),
      },
    ]);
  setAllowed(allow);
  const owners: Person[] = [];
  const pairing = createPairing({
    hasOwner: () => given.hasOwner ?? owners.length > 0,
    makeOwner: async (person) => void owners.push(person),
    grants: { add: async () => {}, find: async () => undefined },
    newCode: () => "ABCD2345",
    clock,
    log,
  });
  const published: NewEvent[] = [];
  const strangers = createStrangers({ log, isLetIn: () => false });
  const owner = given.owner;
  const notices = createOwnerNotices(() => owner, "boot");
  const strangerNotices = createStrangerNotices({ notices, pairing, clock });
  const intake = createIntake({
    channels,
    upToDate: async () => {},
    publish: given.publish ?? (async (events) => void published.push(...events)),
    pairing,
    strangers,
    strangerNotices,
    strangerPace: createPace({ perInterval: 10, intervalMs: 60_000, burst: 10, now: clock.now }),
    boot: "boot",
    clock,
    log,
  });
  return { intake, published, owners, strangers, setAllowed, entries };
}

describe("intake", () => {
  it("publishes what an allowed person says, in the lane of its source", async () => {
    const { intake, published } = setUp();
    await intake.accept("telegram", [incomingMessage({ key: "k1", text: " hello " })]);
    expect(published).toMatchObject([
      {
        type: "InboundEvent",
        key: "k1",
        content: "hello",
        source: "platform-telegram:42:42",
        lane: "platform-telegram:42:42",
        address: { chat: "42" },
      },
    ]);
    expect(published[0]).not.toHaveProperty("control");
  });

  it("keeps a name to one line without control characters", async () => {
    const { intake, published } = setUp();
    const name = "\u001b[31mEvil\u001b[2J\nAll is well.\u202e";
    await intake.accept("telegram", [incomingMessage({ sender: { id: "42", name } })]);
    expect(published).toMatchObject([{ sender: { id: "42", name: "[31mEvil [2J All is well." } }]);
  });

  it("marks commands as control, and unknown ones as text", async () => {
    const { intake, published } = setUp();
    await intake.accept("telegram", [
      incomingMessage({ text: "/help" }),
      incomingMessage({ text: "/nosuchthing" }),
    ]);
    expect(published.map((event) => "control" in event)).toEqual([true, false]);
  });

  it("publishes a batch at once and in order, so that a failure leaves no hole", async () => {
    const batches: (readonly NewEvent[])[] = [];
    const { intake } = setUp({ publish: async (events) => void batches.push(events) });
    await intake.accept(
      "telegram",
      ["a", "b", "c"].map((key) => incomingMessage({ key })),
    );
    expect(batches.map((events) => events.map(({ key }) => key))).toEqual([["a", "b", "c"]]);
  });

  it("rejects when the batch is not durable, so that nothing is confirmed", async () => {
    const { intake } = setUp({ publish: () => Promise.reject(new Error("the disk is full")) });
    await expect(intake.accept("telegram", [incomingMessage()])).rejects.toThrow(
      "the disk is full",
    );
  });

  it("lets nobody in whose name was taken off the list, from the next message on", async () => {
    const { intake, published, setAllowed } = setUp();
    await intake.accept("telegram", [incomingMessage()]);
    setAllowed([]);
    await intake.accept("telegram", [incomingMessage()]);
    expect(published.map(({ type }) => type)).toEqual(["InboundEvent", "OutboundEvent"]);
  });

  // weaknesses.md W-A11: attempts were nowhere to be seen.
  it("gives a stranger one key for the one short line, and tells the log", async () => {
    const { intake, published, strangers, entries } = setUp({ allow: [] });
    await intake.accept("telegram", [incomingMessage(), incomingMessage()]);
    expect(new Set(published.map(({ key }) => key)).size).toBe(1);
    expect(published.every(({ type }) => type === "OutboundEvent")).toBe(true);
    expect(strangers.list()).toMatchObject([{ channel: "telegram", attempts: 2 }]);
    expect(entries.filter(({ message }) => message === "stranger refused")).toHaveLength(1);
  });

  it("says nothing to a crowd of strangers", async () => {
    const { intake, published } = setUp({ allow: [] });
    const crowd = Array.from({ length: 100 }, (_, i) =>
      incomingMessage({ sender: { id: `s${i}` } }),
    );
    await intake.accept("telegram", crowd);
    expect(published.length).toBeLessThanOrEqual(10);
  });

  it("says nothing in groups that did not opt in, nor to strangers in those that did", async () => {
    const { intake, published } = setUp({ groups: { "-1001": { mention: true } } });
    await intake.accept("telegram", [
      groupMessage({ chat: { id: "-2", kind: "group" }, addressed: true }),
      groupMessage({ sender: { id: "666" }, addressed: true }),
      groupMessage({ addressed: false }),
    ]);
    expect(published).toEqual([]);
  });

  it("quotes the message in groups, and in private chats only if told to", async () => {
    const { intake, published } = setUp({ groups: { "-1001": { mention: true } } });
    await intake.accept("telegram", [
      groupMessage({ addressed: true, messageId: "7" }),
      incomingMessage({ messageId: "8" }),
    ]);
    expect(
      published.map((event) => (event.type === "InboundEvent" ? event.address.replyTo : "")),
    ).toEqual(["7", undefined]);
    const always = setUp({ replyTo: "always" });
    await always.intake.accept("telegram", [incomingMessage({ messageId: "9" })]);
    expect(always.published).toMatchObject([{ address: { replyTo: "9" } }]);
  });

  it("drops a message without text or attachment, and keeps one with an attachment only", async () => {
    const { intake, published } = setUp();
    await intake.accept("telegram", [
      incomingMessage({ text: "  " }),
      incomingMessage({ text: "", attachments: [{ kind: "voice" }] }),
    ]);
    expect(published).toMatchObject([{ content: "", attachments: [{ kind: "voice" }] }]);
  });

  it("makes the sender of the printed code owner, before the message counts as accepted", async () => {
    const { intake, published, owners } = setUp({ allow: [] });
    await intake.accept("telegram", [
      incomingMessage({ text: "/start abcd2345", sender: { id: "7" } }),
    ]);
    expect(owners).toMatchObject([{ channel: "telegram", sender: { id: "7" } }]);
    expect(published).toMatchObject([{ type: "InboundEvent", control: true }]);
  });

  // weaknesses.md W-C2: whoever wrote last got what was meant for the owner.
  it("makes nobody owner by a wrong code, nor when there is an owner, nor after many guesses", async () => {
    const wrong = setUp({ allow: [] });
    await wrong.intake.accept("telegram", [incomingMessage({ text: "/start WRONG234" })]);
    expect(wrong.owners).toEqual([]);

    const owned = setUp({ allow: [], hasOwner: true });
    await owned.intake.accept("telegram", [incomingMessage({ text: "/start ABCD2345" })]);
    expect(owned.owners).toEqual([]);

    const guesses = Array.from({ length: 25 }, (_, i) =>
      incomingMessage({ text: `/start GUESS${i}` }),
    );
    const guessed = setUp({ allow: [] });
    await guessed.intake.accept("telegram", guesses);
    await guessed.intake.accept("telegram", [incomingMessage({ text: "/start ABCD2345" })]);
    expect(guessed.owners).toEqual([]);
  });

  it("gives a stranger who asks the code that the owner has to grant", async () => {
    const { intake, published } = setUp({ allow: [], hasOwner: true });
    await intake.accept("telegram", [incomingMessage({ text: "/pair" })]);
    expect(published).toMatchObject([
      { type: "OutboundEvent", content: expect.stringContaining("/pair ABCD2345") },
    ]);
  });
});
