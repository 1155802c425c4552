import { expect, test } from "vitest";
import { createCurrentTime } from "../../src/agents/tools/current-time.ts";
import { createManualClock } from "../builders/manual-clock.ts";

const tool = createCurrentTime(createManualClock(Date.UTC(2030, 0, 1, 23, 30)));
const { signal } = new AbortController();

test("current_time tells weekday, date, time and offset of a zone", async () => {
  expect(await tool.run({ time_zone: "Asia/Tokyo" }, { signal })).toBe(
    "Wednesday, 2030-01-02T08:30:00+09:00 (Asia/Tokyo)",
  );
});

test("current_time tells the local time where no zone is named", async () => {
  expect(await tool.run({}, { signal })).toMatch(/^\w+day, 2030-01-0[12]T\d\d:\d\d:00\S+ \(\S+\)$/);
});

test.each(["Atlantis", "+25:00", "Europe"])("current_time refuses the zone %j", async (zone) => {
  await expect(tool.run({ time_zone: zone }, { signal })).rejects.toThrow(
    `Cannot tell the time in "${zone}"`,
  );
});
