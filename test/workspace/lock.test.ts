import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { UserError } from "../../src/runtime/errors.ts";
import { type FileOps, nodeFileOps } from "../../src/runtime/file-ops.ts";
import { acquireLock, type LockDeps } from "../../src/workspace/lock.ts";
import { workspacePaths } from "../../src/workspace/paths.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import { tempFolder } from "../builders/temp-folder.ts";

const BOOT = "boot-1";

async function workspace() {
  const root = await tempFolder();
  const paths = workspacePaths(root);
  const file = join(paths.events, "lock.json");
  await fs.mkdir(paths.events);
  const { log, entries } = createRecordingLog();
  const acquire = async (given: Partial<LockDeps> = {}) => {
    const lock = await acquireLock({
      paths,
      files: nodeFileOps,
      clock: systemClock,
      log,
      host: { name: "here", boot: BOOT, pid: 1234, platform: process.platform },
      control: join(root, "control.sock"),
      ...given,
    });
    onTestFinished(() => lock.release());
    return lock;
  };
  /** What a server elsewhere (another machine, another container) leaves in the folder. */
  const heldElsewhere = (heartbeat: number, given: object = {}) =>
    fs.writeFile(
      file,
      JSON.stringify({
        ...{ host: "elsewhere", boot: "boot-2", pid: 99, network: "4:1", control: "/x.sock" },
        started_at: "2030-01-01T00:00:00.000Z",
        heartbeat_at: new Date(heartbeat).toISOString(),
        ...given,
      }),
    );
  const record = async () => JSON.parse(await fs.readFile(file, "utf8"));
  return { root, paths, file, entries, acquire, heldElsewhere, record };
}

/** A real process that takes the lock; `said` is its first line. */
async function contender(root: string, platform: string = process.platform) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("lock-child.ts", import.meta.url)), root, platform],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  onTestFinished(() => end(child));
  const [said] = await once(createInterface({ input: child.stdout }), "line");
  return { child, said: String(said) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

describe("acquireLock", () => {
  test("writes down who holds the workspace, and takes that away when it is released", async () => {
    const { acquire, record, file, root } = await workspace();
    const lock = await acquire({ clock: createManualClock() });
    expect(lock.previousBoot).toBeUndefined();
    expect(await record()).toEqual({
      ...{ host: "here", boot: BOOT, pid: 1234, control: join(root, "control.sock") },
      network: process.platform === "linux" ? expect.stringMatching(/^\d+:\d+$/) : "",
      started_at: "2030-01-01T00:00:00.000Z",
      heartbeat_at: "2030-01-01T00:00:00.000Z",
    });
    await lock.release();
    await expect(fs.stat(file)).rejects.toThrow("ENOENT");
    await acquire();
  });

  // weaknesses.md W-L6, 3.6 #8, 6.5: two servers sent the same replies.
  test("refuses a second server, and says who holds the workspace", async () => {
    const { acquire, root } = await workspace();
    await acquire({ clock: createManualClock() });
    const second = acquire({
      host: { name: "here", boot: BOOT, pid: 2, platform: process.platform },
    });
    await expect(second).rejects.toThrow(UserError);
    await expect(second).rejects.toMatchObject({
      message: `Cannot start: the workspace ${root} is in use by my-bot (process 1234 on here, since 2030-01-01T00:00:00.000Z); stop it first`,
      exitCode: 1,
    });
  });

  test("knows a folder by whatever name it is called", async () => {
    const { acquire, root } = await workspace();
    await acquire();
    const other = join(await tempFolder(), "link");
    await fs.symlink(root, other);
    await expect(acquire({ paths: workspacePaths(other) })).rejects.toThrow("is in use by my-bot");
  });

  test("lets two workspaces be served side by side", async () => {
    await (await workspace()).acquire();
    await (await workspace()).acquire();
  });

  test("keeps its heartbeat going every 10 seconds, and ends it with the release", async () => {
    const { acquire, record } = await workspace();
    const clock = createManualClock();
    const lock = await acquire({ clock });
    for (const seconds of [1, 11, 21]) {
      await clock.whenSleeping();
      await clock.advance(seconds === 1 ? 1_000 : 10_000);
      const at = `2030-01-01T00:00:${String(seconds).padStart(2, "0")}.000Z`;
      await expect.poll(async () => (await record()).heartbeat_at).toBe(at);
    }
    await lock.release();
    expect(clock.sleeping()).toBe(0);
  });

  test("does not stop for a disk that takes no heartbeat, and says so once", async () => {
    const { acquire, entries } = await workspace();
    const clock = createManualClock();
    let isFull = true;
    const files: FileOps = {
      ...nodeFileOps,
      replace: (path, data, options) =>
        isFull ? Promise.reject(new Error("no space")) : nodeFileOps.replace(path, data, options),
    };
    const lock = await acquire({ clock, files });
    await clock.whenSleeping();
    await clock.advance(1_000);
    await clock.whenSleeping();
    isFull = false;
    await clock.advance(10_000);
    await expect
      .poll(() => entries.filter(({ level }) => level !== "debug"))
      .toEqual([
        { level: "warn", error: "no space", message: "cannot write the heartbeat" },
        { level: "info", message: "the workspace's heartbeat is written again" },
      ]);
    expect(lock.lost.aborted).toBe(false);
  });

  test("says in one line why a workspace cannot be used", async () => {
    const { acquire, paths, root } = await workspace();
    await fs.rm(paths.events, { recursive: true });
    await fs.writeFile(paths.events, "");
    const acquiring = acquire();
    await expect(acquiring).rejects.toThrow(UserError);
    await expect(acquiring).rejects.toThrow(`Cannot use the workspace ${root}: EEXIST`);
  });
});

describe("acquireLock beside a holder whose socket cannot be seen", () => {
  const SECOND = 1_000;

  test("refuses as soon as the other one's heartbeat is seen to beat", async () => {
    const { acquire, heldElsewhere, root, entries } = await workspace();
    const clock = createManualClock();
    await heldElsewhere(clock.now() - 5 * SECOND);
    const acquiring = acquire({ clock });
    acquiring.catch(() => {});
    await clock.whenSleeping();
    await heldElsewhere(clock.now() + 5 * SECOND);
    await clock.advance(SECOND);
    await expect(acquiring).rejects.toThrow(
      `Cannot start: the workspace ${root} is in use by my-bot (process 99 on elsewhere, since 2030-01-01T00:00:00.000Z); stop it first`,
    );
    expect(entries).toEqual([expect.objectContaining({ level: "warn", waitMs: 30_000 })]);
  });

  test("takes over once the other one has been silent for 35 seconds, not before", async () => {
    const { acquire, heldElsewhere, record } = await workspace();
    const clock = createManualClock();
    await heldElsewhere(clock.now() - 5 * SECOND);
    let isHeld = false;
    const acquiring = acquire({ clock }).then((lock) => {
      isHeld = true;
      return lock;
    });
    for (let second = 1; second <= 30; second += 1) {
      await clock.whenSleeping();
      expect(isHeld).toBe(false);
      await clock.advance(SECOND);
    }
    expect((await acquiring).previousBoot).toBe("boot-2");
    expect((await record()).pid).toBe(1234);
  });

  test("takes over at once from one that has been silent for long", async () => {
    const { acquire, heldElsewhere } = await workspace();
    await heldElsewhere(Date.now() - 36 * SECOND);
    expect((await acquire()).previousBoot).toBe("boot-2");
  });

  test("takes over at once when the other one says goodbye", async () => {
    const { acquire, heldElsewhere, file } = await workspace();
    const clock = createManualClock();
    await heldElsewhere(clock.now());
    const acquiring = acquire({ clock });
    await clock.whenSleeping();
    await fs.rm(file);
    await clock.advance(SECOND);
    await acquiring;
  });

  test("watches one whose clock is ahead no longer than any other", async () => {
    const { acquire, heldElsewhere } = await workspace();
    const clock = createManualClock();
    await heldElsewhere(clock.now() + 3_600 * SECOND);
    const acquiring = acquire({ clock });
    for (let second = 1; second <= 35; second += 1) {
      await clock.whenSleeping();
      await clock.advance(SECOND);
    }
    await acquiring;
  });

  // peers #30: the kernel holds the lock, whatever process number the record tells.
  test("takes over at once from a killed one on this machine, however fresh its heartbeat", async () => {
    const { acquire, heldElsewhere } = await workspace();
    const network =
      process.platform === "linux" ? (await nodeFileOps.identity("/proc/self/ns/net")).id : "";
    const clock = createManualClock();
    await heldElsewhere(clock.now(), { host: "here", boot: BOOT, network });
    expect((await acquire({ clock })).previousBoot).toBe(BOOT);
  });

  test("is not impressed by a record that is torn", async () => {
    const { acquire, file } = await workspace();
    await fs.writeFile(file, '{"host":"else');
    expect((await acquire()).previousBoot).toBeUndefined();
  });

  test("stops waiting when it is told to", async () => {
    const { acquire, heldElsewhere, file } = await workspace();
    const clock = createManualClock();
    await heldElsewhere(clock.now());
    const stop = new AbortController();
    const acquiring = acquire({ clock, signal: stop.signal });
    acquiring.catch(() => {});
    await clock.whenSleeping();
    stop.abort(new Error("stopped"));
    await expect(acquiring).rejects.toThrow("stopped");
    await fs.rm(file);
    await acquire();
  });

  test("finds out when another one took the workspace at the same moment, and leaves its record alone", async () => {
    const { acquire, heldElsewhere, record, root } = await workspace();
    const clock = createManualClock();
    const lock = await acquire({ clock });
    await heldElsewhere(clock.now());
    await clock.whenSleeping();
    await clock.advance(SECOND);
    await expect.poll(() => lock.lost.aborted).toBe(true);
    expect(lock.lost.reason).toBeInstanceOf(UserError);
    expect(lock.lost.reason.message).toBe(
      "Cannot go on: the workspace is also served by my-bot (process 99 on elsewhere, since 2030-01-01T00:00:00.000Z); stop one of them",
    );
    await lock.release();
    expect((await record()).pid).toBe(99);
    expect(root).not.toBe("");
  });
});

/** Each process loads a compiler first. */
const PATIENT = { timeout: 60_000 };

// peers #30.
describe("acquireLock between processes", () => {
  // weaknesses.md W-L6.
  test("gives the workspace to exactly one of two that start together", PATIENT, async () => {
    const { root } = await workspace();
    const both = await Promise.all([contender(root), contender(root)]);
    const said = both.map(({ said }) => said.split(" ")[0]).sort();
    expect(said).toEqual(["held", "refused"]);
    const holder = both.find(({ said }) => said.startsWith("held"))?.child.pid;
    const refusal = both.find(({ said }) => said.startsWith("refused"))?.said;
    expect(refusal).toContain(`is in use by my-bot (process ${holder} on this-host, since `);
  });

  test("passes on at once what a killed process held, time after time", PATIENT, async () => {
    const { root, acquire } = await workspace();
    for (let round = 0; round < 2; round += 1) {
      const { child, said } = await contender(root);
      expect(said).toBe(`held ${child.pid}`);
      await end(child, "SIGKILL");
    }
    // The record of the killed one is fresh, and is no obstacle.
    const { child, said } = await contender(root);
    expect(said).toBe(`held ${child.pid}`);
    await expect(acquire()).rejects.toThrow(`process ${child.pid} on this-host`);
  });

  test("does the same with a socket file, which stays behind after a kill", PATIENT, async () => {
    const { root } = await workspace();
    const first = await contender(root, "darwin");
    expect(first.said).toBe(`held ${first.child.pid}`);
    const second = await contender(root, "darwin");
    expect(second.said).toContain(
      `refused Cannot start: the workspace ${root} is in use by my-bot`,
    );
    await end(first.child, "SIGKILL");
    expect(await fs.readdir(root)).toContain("control.lock");
    const third = await contender(root, "darwin");
    expect(third.said).toBe(`held ${third.child.pid}`);
    third.child.stdin.write("release\n");
    await once(third.child, "exit");
    expect(await fs.readdir(root)).not.toContain("control.lock");
  });
});
