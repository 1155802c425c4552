import { describe, expect, test } from "vitest";
import { createGate } from "../../src/runtime/gate.ts";

describe("a gate", () => {
  test("lets everyone through once it is open, whenever they came", async () => {
    const gate = createGate();
    let through = 0;
    const early = gate.passed.then(() => {
      through += 1;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([gate.isOpen(), through]).toEqual([false, 0]);
    gate.open();
    await early;
    await gate.passed;
    expect([gate.isOpen(), through]).toEqual([true, 1]);
  });

  test("stays open", async () => {
    const gate = createGate();
    gate.open();
    gate.open();
    expect(gate.isOpen()).toBe(true);
    await gate.passed;
  });
});
