import { describe, expect, test } from "vitest";
import { createReleasers } from "../../src/runtime/releasers.ts";

describe("releasers", () => {
  test("release in reverse, one after another", async () => {
    const releasers = createReleasers();
    const log: string[] = [];
    releasers.add(() => void log.push("first"));
    releasers.add(async () => {
      log.push("second begins");
      await new Promise((resolve) => setImmediate(resolve));
      log.push("second ends");
    });
    await releasers.releaseAll();
    expect(log).toEqual(["second begins", "second ends", "first"]);
  });

  test("release once", async () => {
    const releasers = createReleasers();
    let count = 0;
    releasers.add(() => void count++);
    await Promise.all([releasers.releaseAll(), releasers.releaseAll()]);
    await releasers.releaseAll();
    expect(count).toBe(1);
  });

  test("go on after an error, and report each in the end", async () => {
    const releasers = createReleasers();
    let released = false;
    const first = new Error("first");
    releasers.add(() => {
      released = true;
    });
    releasers.add(() => {
      throw first;
    });
    releasers.add(() => Promise.reject("a stray value"));
    await expect(releasers.releaseAll()).rejects.toMatchObject({
      message: "Cannot release everything",
      errors: [{ message: "Unknown failure: a stray value" }, first],
    });
    expect(released).toBe(true);
  });
});
