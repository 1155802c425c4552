import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** What vitest leaves behind for `.ci/run`. */
const counts = (passed: number, failed: number) =>
  `echo '{"numPassedTests":${passed},"numFailedTests":${failed}}' > test-results.json`;

let directory: string;

/** Runs a copy of `.ci/run` where `npm` is this script. */
async function ciRun(npm: string) {
  await writeFile(join(directory, "bin/npm"), `#!/bin/sh\necho "npm $1"\n${npm}\n`);
  await chmod(join(directory, "bin/npm"), 0o755);
  const env = { PATH: `${join(directory, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin` };
  const run = promisify(execFile)(join(directory, ".ci/run"), { env, cwd: tmpdir() });
  const { code, stdout } = await run.then(
    (done) => ({ code: 0, stdout: done.stdout }),
    (error) => ({ code: error.code, stdout: error.stdout }),
  );
  const lines = stdout.trim().split("\n");
  return { code, ran: lines.slice(0, -1), last: lines.at(-1) };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ci-run-"));
  await mkdir(join(directory, "bin"));
  await cp(new URL("../.ci", import.meta.url), join(directory, ".ci"), { recursive: true });
});
afterEach(() => rm(directory, { recursive: true }));

describe(".ci/run", () => {
  test("runs the README's command and ends with the runner's counts", async () => {
    const run = await ciRun(`[ "$1" = install ] || ${counts(12, 0)}`);
    expect(run).toEqual({ code: 0, ran: ["npm install", "npm test"], last: "12 passed, 0 failed" });
  });

  test("keeps the exit code of failing tests", async () => {
    const run = await ciRun(`[ "$1" = install ] || { ${counts(11, 2)}; exit 3; }`);
    expect(run).toMatchObject({ code: 3, last: "11 passed, 2 failed" });
  });

  test("counts a failure when a gate fails before the tests, an earlier run's counts or not", async () => {
    await writeFile(
      join(directory, "test-results.json"),
      '{"numPassedTests":9,"numFailedTests":0}',
    );
    const run = await ciRun(`[ "$1" = install ] || exit 1`);
    expect(run).toMatchObject({ code: 1, last: "0 passed, 1 failed" });
  });

  test("counts a failure when installing fails, and runs nothing more", async () => {
    const run = await ciRun("exit 7");
    expect(run).toEqual({ code: 7, ran: ["npm install"], last: "0 passed, 1 failed" });
  });

  test("counts a failure when all tests passed but the command failed", async () => {
    const run = await ciRun(`[ "$1" = install ] || { ${counts(5, 0)}; exit 1; }`);
    expect(run).toMatchObject({ code: 1, last: "5 passed, 1 failed" });
  });

  test.each([
    "true",
    "echo '{' > test-results.json",
    "echo '{}' > test-results.json",
    counts(0, 0),
  ])("counts a failure when the command is content without counts: %s", async (npm) => {
    expect(await ciRun(npm)).toMatchObject({ code: 1, last: "0 passed, 1 failed" });
  });
});
