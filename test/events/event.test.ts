import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Event, outboundLane, parseEvent, printEvent } from "../../src/events/event.ts";
import { newInbound, newOutbound } from "../builders/new-event.ts";

const STAMP = { v: 1 as const, id: "7760310681600000", timestamp: 1_900_000_000_000 };
const inbound: Event = { ...STAMP, ...newInbound("telegram/1/2/3") };
const outbound: Event = { ...STAMP, ...newOutbound("telegram/1/2/3/reply") };

const text = fc.string({ unit: "binary" });
const named = fc.string({ unit: "binary", minLength: 1 });
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const address = fc.record({ chat: text, thread: text, replyTo: text }, { requiredKeys: ["chat"] });
const anyInbound = fc
  .record(
    {
      lane: named,
      address,
      sender: fc.record({ id: text, name: text }, { requiredKeys: ["id"] }),
      content: text,
      sentAt: time,
      replyTo: fc.record({ messageId: text, text }, { requiredKeys: ["messageId"] }),
      attachments: fc.array(fc.record({ kind: text, name: text }, { requiredKeys: ["kind"] })),
      control: fc.boolean(),
    },
    { requiredKeys: ["lane", "address", "sender", "content", "sentAt"] },
  )
  .map((given): Event => ({ ...STAMP, ...newInbound("k", given) }));
const anyOutbound = fc
  .record(
    { address, content: text, cause: text, sessionId: text, boot: text },
    { requiredKeys: ["address", "content", "boot"] },
  )
  .map((given): Event => ({ ...STAMP, ...newOutbound("k", given) }));

describe("an event", () => {
  test("is parsed back to exactly what was printed, whatever it holds", () => {
    fc.assert(
      fc.property(fc.oneof(anyInbound, anyOutbound), (event) => {
        expect(parseEvent(printEvent(event))).toEqual(event);
      }),
      { numRuns: 1000 },
    );
  });

  test("is printed so that a person can read it", () => {
    expect(printEvent(inbound)).toContain('\n  "content": "hello"');
    expect(printEvent(inbound).endsWith("}\n")).toBe(true);
  });

  test("of a later version is refused, with a reason that names the field", () => {
    const later = JSON.stringify({ ...inbound, v: 2 });
    expect(() => parseEvent(later)).toThrow(/^Cannot read the event: .*expected 1\s.*at v$/);
  });

  test.each([
    ["an unknown type", { ...inbound, type: "ScheduleEvent" }],
    ["no type", { ...inbound, type: undefined }],
    ["no content", { ...inbound, content: undefined }],
    ["no key", { ...inbound, key: "" }],
    ["no lane", { ...outbound, lane: "" }],
    ["an id that is none", { ...inbound, id: "1" }],
    ["a number for a chat", { ...outbound, address: { chat: 42 } }],
    ["an unknown kind", { ...outbound, kind: "shout" }],
    ["no time", { ...inbound, timestamp: null }],
    ["nothing", null],
    ["a list", [inbound]],
  ])("with %s is refused", (_, value) => {
    expect(() => parseEvent(JSON.stringify(value))).toThrow("Cannot read the event: ");
  });

  test("that is cut off is refused at every length", () => {
    const whole = printEvent(inbound).trimEnd();
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseEvent(whole.slice(0, length))).toThrow(Error);
    }
  });

  test("may hold fields of a later my-bot of the same version", () => {
    expect(parseEvent(JSON.stringify({ ...inbound, mood: "fine" }))).toEqual(inbound);
  });
});

describe("outboundLane", () => {
  test("is one for a conversation, and differs between channel, chat and thread", () => {
    expect(outboundLane("telegram", { chat: "1", replyTo: "7" })).toBe(
      outboundLane("telegram", { chat: "1" }),
    );
    const lanes = [
      outboundLane("telegram", { chat: "1" }),
      outboundLane("telegram", { chat: "1", thread: "2" }),
      outboundLane("support", { chat: "1" }),
      outboundLane("telegram", { chat: '1","2' }),
      outboundLane("telegram", { chat: "2" }),
    ];
    expect(new Set(lanes).size).toBe(lanes.length);
  });
});
