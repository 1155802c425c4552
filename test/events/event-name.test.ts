import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eventFileName,
  hashKey,
  hashLane,
  isControlLane,
  parseEventFileName,
} from "../../src/events/event-name.ts";
import { newInbound, newOutbound } from "../builders/new-event.ts";

const ID = "7760310681600000";

describe("an event's file name", () => {
  // DESIGN 4: `<id>-<lane>-<key>.json`, the key's hash 64 bits or more.
  test("carries id, lane and key, and is parsed back", () => {
    const name = eventFileName(ID, newInbound("telegram/1/2/3"));
    expect(name).toMatch(/^\d{16}-m[0-9a-f]{12}-[0-9a-f]{16}\.json$/);
    expect(parseEventFileName(name)).toEqual({
      id: ID,
      lane: hashLane(newInbound("telegram/1/2/3")),
      key: hashKey("telegram/1/2/3"),
    });
  });

  test("has a lane of its own for commands of the same conversation", () => {
    const [main, control] = [newInbound("a"), newInbound("b", { control: true })];
    expect(hashLane(main)).not.toBe(hashLane(control));
    expect(isControlLane(hashLane(control))).toBe(true);
    expect(isControlLane(hashLane(main))).toBe(false);
    expect(hashLane(newInbound("c"))).toBe(hashLane(main));
    expect(hashLane(newInbound("c", { lane: "other" }))).not.toBe(hashLane(main));
  });

  test("is safe and short for any key and lane", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, lane) => {
        const name = eventFileName(ID, newOutbound(key, { lane }));
        expect(name).toMatch(/^[0-9a-z.-]{51}\.json$|^[0-9a-z-]+\.json$/);
        expect(name.length).toBeLessThan(64);
        expect(parseEventFileName(name)).toBeDefined();
      }),
    );
  });

  test.each([
    "",
    ".json",
    `${ID}.json`,
    `${ID}-m0123456789ab-0123456789abcdef`,
    `${ID}-m0123456789ab-0123456789abcdef.json.tmp`,
    `.tmp-${ID}-m0123456789ab-0123456789abcdef.json`,
    `${ID}-x0123456789ab-0123456789abcdef.json`,
    `${ID}-m0123456789ab-0123456789ABCDEF.json`,
    `${ID.slice(1)}-m0123456789ab-0123456789abcdef.json`,
    `${ID}-m0123456789ab-0123456789abcdef.json\n`,
    `a${ID}-m0123456789ab-0123456789abcdef.json`,
  ])("is not %j", (name) => {
    expect(parseEventFileName(name)).toBeUndefined();
  });
});
