import { expect, test } from "vitest";
import { createWaiting } from "../../../src/events/bus/waiting.ts";

const setUp = () => createWaiting<string>((item) => item.startsWith("old"));

test("waiting calls old and young ones in turn, each kind in its order", () => {
  const waiting = setUp();
  for (const item of ["old 1", "old 2", "old 3", "old 4", "young 1", "young 2"]) {
    waiting.add("slot", item);
  }
  const order: string[] = [];
  for (let item = waiting.first("slot"); item; item = waiting.first("slot")) {
    order.push(item);
    waiting.delete("slot", item);
  }
  expect(order).toEqual(["young 1", "old 1", "young 2", "old 2", "old 3", "old 4"]);
  expect(waiting.first("slot")).toBeUndefined();
  expect(waiting.all("slot")).toEqual([]);
});

test("waiting keeps apart what is waited for", () => {
  const waiting = setUp();
  waiting.add("slot", "old 1");
  waiting.add("channel", "young 1");
  waiting.delete("channel", "old 1");
  expect(waiting.all("slot")).toEqual(["old 1"]);
  expect(waiting.all("channel")).toEqual(["young 1"]);
  expect(waiting.first("else")).toBeUndefined();
});
