import { describe, expect, it } from "vitest";
import { createKeptMarks } from "../../../src/channels/discord/kept-marks.ts";
import { memoryMarks } from "./rig.ts";

const GROUP = { mention: true };

describe("createKeptMarks", () => {
  it("keeps configured groups and private chats of named users, nothing else", async () => {
    const marks = memoryMarks();
    const kept = createKeptMarks({ allow_from: ["1"], groups: { "10": GROUP } }, marks);
    kept.knows("private/100", "1");
    kept.knows("private/200", "2");
    for (const key of ["private/100", "private/200", "group/10", "group/20"] as const) {
      await kept.set(key, "5");
    }
    expect(marks.entries().map(([key]) => key)).toEqual(["private/100", "group/10"]);
    expect([...kept.keys()].sort()).toEqual(["group/10", "private/100"]);
  });

  it("has the first mark of a conversation on disk before it goes on, later ones soon", async () => {
    let flushes = 0;
    const flush = async () => {
      flushes += 1;
    };
    const marks = { ...memoryMarks(), flush };
    const kept = createKeptMarks({ allow_from: [], groups: { "10": GROUP } }, marks);
    await kept.set("group/10", "5");
    expect(flushes).toBe(1);
    await kept.set("group/10", "6");
    expect(flushes).toBe(1);
  });

  it("with * keeps the 1000 most recent ones beside those that are named", async () => {
    const marks = memoryMarks();
    const kept = createKeptMarks({ allow_from: ["*", "1"], groups: {} }, marks);
    kept.knows("private/1", "1");
    await kept.set("private/1", "1");
    let most = 0;
    for (let i = 0; i < 5_000; i += 1) {
      await kept.set(`private/${10_000 + i}`, String(50_000 + i));
      most = Math.max(most, marks.entries().length);
    }
    expect(most).toBeLessThanOrEqual(1_102);
    expect(marks.get("private/1")).toBe("1");
    for (let i = 4_000; i < 5_000; i += 1) {
      expect(marks.get(`private/${10_000 + i}`)).toBe(String(50_000 + i));
    }
  });

  it("forgets what is not named any more, and nothing that is not a conversation", async () => {
    const marks = memoryMarks({ "private/100": "5", "group/10": "5", "group/20": "5", since: "1" });
    const kept = createKeptMarks({ allow_from: ["1"], groups: { "10": GROUP } }, marks);
    expect(kept.keys()).not.toContain("since");
    kept.forgetOthers();
    expect(marks.entries().map(([key]) => key)).toEqual(["group/10", "since"]);
  });
});
