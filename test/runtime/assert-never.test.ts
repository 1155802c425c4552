import { expect, test } from "vitest";
import { assertNever } from "../../src/runtime/assert-never.ts";

test("assertNever fails loudly and shows the stray value", () => {
  const stray: unknown = { kind: "new" };
  expect(() => assertNever(stray as never)).toThrow(
    new TypeError('Cannot handle unexpected value: {"kind":"new"}'),
  );
});
