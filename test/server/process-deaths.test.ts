import { expect, test } from "vitest";
import { openProcessDeaths } from "../../src/server/process-deaths.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { createFaultyFiles } from "../fakes/faulty-files.ts";
import { createRecordingFiles, DISK_ROOT } from "../fakes/recording-files.ts";

const MINUTE = 60_000;

function setUp() {
  const clock = createManualClock();
  const files = createFaultyFiles(createRecordingFiles({ now: clock.now }));
  const { log, entries } = createRecordingLog();
  const start = () => openProcessDeaths(`${DISK_ROOT}/.event`, { files, clock, log });
  return { clock, files, entries, start };
}

test("processDeaths counts processes that ended unawares in the last ten minutes", async () => {
  const { clock, start } = setUp();
  expect((await start()).recent()).toBe(0);
  expect((await start()).recent()).toBe(1);
  await clock.advance(9 * MINUTE);
  const third = await start();
  expect(third.recent()).toBe(2);
  await clock.advance(2 * MINUTE);
  expect(third.recent()).toBe(1);
});

test("processDeaths does not count a process that was about to stop", async () => {
  const { start } = setUp();
  await (await start()).stopping();
  expect((await start()).recent()).toBe(0);
  expect((await start()).recent()).toBe(1);
});

test("processDeaths forgets those that a clock that was set back puts into the far future", async () => {
  const { clock, start } = setUp();
  await start();
  await start();
  clock.setNow(clock.now() - 60 * MINUTE);
  expect((await start()).recent()).toBe(1);
});

test("processDeaths goes on without its file, and says so", async () => {
  const { files, entries, start } = setUp();
  files.fail("replace", { code: "EROFS" }, 2);
  await start();
  await start();
  files.fail("read", { code: "EIO" });
  const deaths = await start();
  expect(deaths.recent()).toBe(0);
  await expect(deaths.stopping()).resolves.toBeUndefined();
  expect(entries.map(({ message }) => message)).toEqual([
    "cannot note that the process runs",
    "cannot note that the process runs",
    "cannot read how often the process died",
  ]);
});
