import { expect, test } from "vitest";
import type { InboundEvent } from "../../../src/events/event.ts";
import type { Handle } from "../../../src/events/outcome.ts";
import { newInbound } from "../../builders/new-event.ts";
import { LATER, type Rule } from "./script.ts";
import { setUpBus } from "./set-up-bus.ts";

const HOUR = 3_600_000;
const lane = "lane";
const inLane = (key: string) => newInbound(key, { lane });
const retryFirst: Rule = ({ key }) =>
  key === "a" ? { kind: "retry", afterMs: HOUR, reason: "not now" } : "later";
const done: Handle<InboundEvent> = async () => ({ kind: "done" });

test("takeOver handles an event that waits for its time, and the next one follows", async () => {
  const { bus, inbound, publish, pass } = await setUpBus({ inbound: retryFirst });
  await publish(inLane("a"), inLane("b"), inLane("c"));
  const head = bus.head("InboundEvent", lane);
  expect(head).toMatchObject({ busy: false, behind: 2 });
  expect(await bus.takeOver("InboundEvent", head?.ref ?? "", done)).toBe(true);
  await pass();
  expect(inbound.keys()).toEqual(["a", "b"]);
  expect(bus.head("InboundEvent", lane)).toMatchObject({ busy: true, behind: 1 });
  await pass(2 * HOUR);
  expect(inbound.keys()).toEqual(["a", "b"]);
});

test("takeOver leaves alone what is being handled, what is not first, and what is settled", async () => {
  const { bus, inbound, publish, pass } = await setUpBus({ inbound: LATER });
  await publish(inLane("a"), inLane("b"));
  const first = bus.head("InboundEvent", lane)?.ref ?? "";
  const second = bus.owed("InboundEvent")[1] ?? "";
  expect(await bus.takeOver("InboundEvent", first, done)).toBe(false);
  expect(await bus.takeOver("InboundEvent", second, done)).toBe(false);
  inbound.call("a").end({ kind: "done" });
  await pass();
  expect(await bus.takeOver("InboundEvent", first, done)).toBe(false);
  expect(bus.counts().inbox).toBe(1);
});

test("takeOver needs no slot", async () => {
  const { bus, publish } = await setUpBus({ inbound: LATER, concurrency: 1 });
  await publish(newInbound("other", { lane: "other" }), inLane("a"));
  const head = bus.head("InboundEvent", lane);
  expect(head?.busy).toBe(false);
  expect(await bus.takeOver("InboundEvent", head?.ref ?? "", done)).toBe(true);
  expect(bus.head("InboundEvent", lane)).toBeUndefined();
  expect(bus.counts().inbox).toBe(1);
});
