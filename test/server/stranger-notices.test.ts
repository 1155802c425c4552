import { describe, expect, it } from "vitest";
import type { NewEvent } from "../../src/events/event.ts";
import { createOwnerNotices } from "../../src/server/owner-notices.ts";
import { createPairing } from "../../src/server/pairing.ts";
import { createStrangerNotices } from "../../src/server/stranger-notices.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";

const HOUR_MS = 3_600_000;

function setUp(owner: { channel: string; chat: string } | undefined = OWNER) {
  const clock = createManualClock();
  let codes = 0;
  const pairing = createPairing({
    hasOwner: () => true,
    makeOwner: async () => {},
    grants: { add: async () => {}, find: async () => undefined },
    newCode: () => `CODE${++codes}`,
    clock,
    log: createRecordingLog().log,
  });
  const strangers = createStrangerNotices({
    notices: createOwnerNotices(() => owner, "boot"),
    pairing,
    clock,
  });
  /** What one message of a stranger makes; it is durable after it. */
  function meet(id: string, { asks = false, name = "Ann" } = {}): readonly NewEvent[] {
    const events = strangers.about(
      { channel: "telegram", sender: { id, name }, chat: id },
      { asks },
    );
    strangers.published(events);
    return events;
  }
  return { clock, strangers, meet };
}

const OWNER = { channel: "telegram", chat: "1" };
const textOf = ([event]: readonly NewEvent[]) => event?.content ?? "";

describe("strangerNotices", () => {
  it("tells the owner once of a stranger, with both ways to let them in", () => {
    const { meet } = setUp();
    const [event, ...more] = meet("7");
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      type: "OutboundEvent",
      key: "owner/stranger/telegram/7",
      kind: "notice",
      address: { chat: "1" },
    });
    expect(event?.content).toMatch(/^Ann \(7\) wrote to me on telegram and was not let in\./);
    expect(event?.content).toContain("`/pair CODE2` within an hour");
    expect(event?.content).toContain("add 7 to `channels.telegram.allow_from`");
    expect(meet("7")).toEqual([]);
  });

  it("gives the same again until it is durable", () => {
    const { strangers } = setUp();
    const person = { channel: "telegram", sender: { id: "7" }, chat: "7" };
    const first = strangers.about(person, { asks: false });
    expect(strangers.about(person, { asks: false })).toEqual(first);
    strangers.published(first);
    expect(strangers.about(person, { asks: false })).toEqual([]);
  });

  it("tells once of a request, and again when its code is another one", () => {
    const { meet, clock } = setUp();
    meet("7");
    expect(textOf(meet("7", { asks: true }))).toContain("Ann (7) asks to be let in on telegram");
    expect(meet("7", { asks: true })).toEqual([]);
    expect(meet("7")).toEqual([]);
    clock.setNow(clock.now() + 2 * HOUR_MS);
    const [later] = meet("7", { asks: true });
    expect(later?.key).toMatch(/^owner\/pair\/telegram\/7\/CODE/);
    expect(meet("7", { asks: true })).toEqual([]);
  });

  it("names a few an hour and counts the rest", () => {
    const { meet, clock } = setUp();
    clock.setNow(1_000 * HOUR_MS);
    const crowd = Array.from({ length: 150 }, (_, n) => meet(`s${n}`));
    const keys = new Set(crowd.flat().map(({ key }) => key));
    expect([...keys].filter((key) => key.startsWith("owner/stranger/"))).toHaveLength(5);
    expect([...keys].filter((key) => key.startsWith("owner/strangers/"))).toEqual([
      "owner/strangers/1000/1",
      "owner/strangers/1000/10",
      "owner/strangers/1000/100",
    ]);
    expect(textOf(crowd.at(-1) ?? [])).toContain("At least 100 others");
    clock.setNow(1_001 * HOUR_MS);
    expect(meet("s149")[0]?.key).toBe("owner/stranger/telegram/s149");
  });

  it("shows a name as it is, whatever Markdown is in it", () => {
    const { meet } = setUp();
    expect(textOf(meet("7", { name: "**x** [y](http://z)" }))).toMatch(
      String.raw`\*\*x\*\* \[y\](http\://z) (7)`,
    );
  });

  it("says nothing where there is no owner", () => {
    const { strangers } = setUp();
    const { about } = createStrangerNotices({
      notices: createOwnerNotices(() => undefined, "boot"),
      pairing: { request: () => "CODE" },
      clock: createManualClock(),
    });
    expect(strangers).toBeDefined();
    const person = { channel: "telegram", sender: { id: "7" }, chat: "7" };
    expect(Array.from({ length: 20 }, () => about(person, { asks: true }))).toEqual(
      Array.from({ length: 20 }, () => []),
    );
  });
});
