import { describe, expect, test } from "vitest";
import { durationSchema, formatDuration, parseDuration } from "../../src/runtime/duration.ts";

describe("parseDuration", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["10m", 600_000],
    ["24h", 86_400_000],
    ["2d", 172_800_000],
    ["1.5h", 5_400_000],
    [" 30 s ", 30_000],
    ["250", 250],
  ])("reads %j", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "soon", "-5s", "1 week", "5S", "1h30m", "0x10s", "s"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

test("formatDuration uses the largest unit up to hours that needs no fraction", () => {
  expect([86_400_000, 90_000, 120_000, 1_500, 1, 0].map(formatDuration)).toEqual([
    "24h",
    "90s",
    "2m",
    "1500ms",
    "1ms",
    "0ms",
  ]);
});

describe("durationSchema", () => {
  test("takes text and numbers of milliseconds", () => {
    expect(durationSchema().parse("30s")).toBe(30_000);
    expect(durationSchema().parse(1_500)).toBe(1_500);
  });

  test.each([
    [0, "write at least 1ms"],
    ["59m", "write at least 1h"],
    ["40000d", "write at most 876000h"],
    ["soon", "write a duration such as 30s, 10m or 24h"],
  ])("refuses %j", (given, message) => {
    const schema = durationSchema(given === "59m" ? { minMs: 3_600_000 } : {});
    expect(schema.safeParse(given).error?.issues.map((issue) => issue.message)).toEqual([message]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, true, null])("refuses %s", (given) => {
    expect(durationSchema().safeParse(given).success).toBe(false);
  });
});
