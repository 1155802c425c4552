import { expect, test } from "vitest";
import { createGate } from "../../src/runtime/gate.ts";
import { createKeyedSerial } from "../../src/runtime/keyed-serial.ts";

test("keyedSerial runs tasks of one key one after another, and others beside them", async () => {
  const serial = createKeyedSerial();
  const seen: string[] = [];
  const gate = createGate();
  const first = serial("a", async () => {
    await gate.passed;
    seen.push("a1");
  });
  const second = serial("a", async () => void seen.push("a2"));
  await serial("b", async () => void seen.push("b1"));
  gate.open();
  await Promise.all([first, second]);
  expect(seen).toEqual(["b1", "a1", "a2"]);
});

test("keyedSerial gives each caller its own result, and a failure harms nobody behind it", async () => {
  const serial = createKeyedSerial();
  const failing = serial("a", () => Promise.reject(new Error("no")));
  const next = serial("a", async () => "fine");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("fine");
});
