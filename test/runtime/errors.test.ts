import { describe, expect, test } from "vitest";
import { asError, errorCode, errorMessage, UserError } from "../../src/runtime/errors.ts";

describe("asError", () => {
  test("leaves an error as it is", () => {
    const error = new TypeError("x");
    expect(asError(error)).toBe(error);
  });

  test.each([
    ["text", "text"],
    [undefined, "undefined"],
    [null, "null"],
    [7, "7"],
  ])("keeps a thrown %s as the cause", (thrown, shown) => {
    const error = asError(thrown);
    expect(error.message).toBe(`Unknown failure: ${shown}`);
    expect(error.cause).toBe(thrown);
  });
});

describe("errorMessage", () => {
  test("puts a message on one line", () => {
    expect(errorMessage(new Error("first \n  second\nthird"))).toBe("first second third");
  });
});

describe("errorCode", () => {
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });

  test("finds the code of an error or of one of its causes", () => {
    expect(errorCode(full)).toBe("ENOSPC");
    const wrapped = new Error("a", { cause: new Error("b", { cause: full }) });
    expect(errorCode(wrapped)).toBe("ENOSPC");
  });

  test("finds nothing where there is none", () => {
    expect(errorCode(new Error("x"))).toBeUndefined();
    expect(errorCode(Object.assign(new Error("x"), { code: 7 }))).toBeUndefined();
    expect(errorCode({ code: "ENOSPC" })).toBeUndefined();
    expect(errorCode(undefined)).toBeUndefined();
  });
});

describe("UserError", () => {
  test("ends the process with 1 unless told otherwise", () => {
    expect(new UserError("x").exitCode).toBe(1);
    const cause = new Error("y");
    const error = new UserError("x", { exitCode: 78, cause });
    expect(error).toMatchObject({ name: "UserError", exitCode: 78, cause });
  });
});
