import { expect, test } from "vitest";
import { createDeliveryPace } from "../../src/server/delivery-pace.ts";

const RATE = { perSecond: 30, chatPerSecond: 1, groupPerMinute: 20 };

/** Many chats that each owe one text, asked again at the time that they were told or when a place is free. */
function setUp(count: number) {
  let now = 0;
  let freed = 0;
  const pace = createDeliveryPace(
    () => now,
    () => {
      freed += 1;
    },
  );
  const noPlace = Array.from({ length: count }, (_, n) => `chat ${n}`);
  const due: { chat: string; at: number }[] = [];
  const sent: { chat: string; at: number }[] = [];
  const ask = (chat: string, front = false) => {
    const ms = pace.take("telegram", { chat }, RATE);
    if (ms === 0) sent.push({ chat, at: now });
    else if (Number.isFinite(ms)) due.push({ chat, at: now + ms });
    else if (front) noPlace.unshift(chat);
    else noPlace.push(chat);
  };
  for (const chat of noPlace.splice(0)) ask(chat);
  return {
    ...{ due, sent, ask },
    at: () => now,
    run(ms: number) {
      for (const end = now + ms; now < end; now += 1) {
        for (const { chat } of due.splice(0).filter(keepLater(due, now))) ask(chat);
        for (; freed > 0; freed -= 1) {
          const next = noPlace.shift();
          if (next !== undefined) ask(next);
        }
      }
    },
  };
}

const keepLater =
  (due: { chat: string; at: number }[], now: number) => (entry: { chat: string; at: number }) => {
    if (entry.at > now) due.push(entry);
    return entry.at <= now;
  };

// Red without an end to the line: the last place of 10,000 is five minutes away.
test("a backlog of ten thousand leaves whoever speaks now less than a second to wait", () => {
  const world = setUp(10_000);
  world.run(1000);
  const asked = world.at();
  world.ask("now", true);
  world.run(1000);
  const at = world.sent.find(({ chat }) => chat === "now")?.at ?? Number.POSITIVE_INFINITY;
  expect(at - asked).toBeLessThan(1000);
});

test("a backlog goes out as fast as the platform allows, and no faster", () => {
  const world = setUp(200);
  world.run(5000);
  for (let from = 0; from < 4000; from += 100) {
    const inSecond = world.sent.filter(({ at }) => at >= from && at < from + 1000).length;
    expect(inSecond).toBeLessThanOrEqual(30);
  }
  expect(world.sent.length).toBeGreaterThan(120);
  world.run(5000);
  expect(new Set(world.sent.map(({ chat }) => chat)).size).toBe(200);
  expect(world.sent).toHaveLength(200);
});
