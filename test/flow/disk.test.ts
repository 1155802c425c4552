import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import {
  createDiskFaults,
  type DiskCall,
  type DiskFaults,
  type DiskOrder,
} from "../fakes/disk-faults/disk-faults.ts";
import type { Conversation } from "../rig/conversation.ts";
import { createRig, type Rig } from "../rig/rig.ts";
import { textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

// Issue 3, point 7: the real server, whose disk fails on order. Each test speaks as a person of its own.

interface World {
  readonly rig: Rig;
  readonly disk: DiskFaults;
  /** A person who has not spoken yet. */
  newcomer(): Conversation;
}

/** One running server for all tests of a `describe`. */
function sharedWorld(): () => World {
  let world: World | undefined;
  beforeAll(async () => {
    const disk = await createDiskFaults();
    const rig = await createRig({ channels: ["telegram"], serverEnv: disk.env });
    await rig.start();
    let people = 0;
    const newcomer = () => {
      people += 1;
      return rig.person("telegram", people);
    };
    world = { rig, disk, newcomer };
  }, 60_000);
  afterAll(async () => {
    await world?.rig.close();
    await world?.disk.remove();
  });
  return () => {
    if (!world) throw new Error("Cannot use the world before the tests run");
    const { rig } = world;
    onTestFailed(() => void process.stderr.write(`\n── the server ──\n${rig.server.story()}\n`));
    return world;
  };
}

async function waitHit({ disk }: World, ops: readonly DiskCall[], path: RegExp): Promise<void> {
  for (const deadline = Date.now() + 15_000; ; await pause(20)) {
    const hits = await disk.hits();
    if (hits.some((hit) => ops.includes(hit.op) && path.test(hit.path))) return;
    if (Date.now() > deadline) throw new Error(`No ${ops} of ${path}: ${JSON.stringify(hits)}`);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when `my-bot status` names the problem, which it does with exit code 1. */
async function waitProblem({ rig }: World, wanted: RegExp): Promise<void> {
  for (const deadline = Date.now() + 15_000; ; await pause(20)) {
    const { problems } = await rig.status();
    if (problems.some((problem) => wanted.test(problem))) break;
    if (Date.now() > deadline) throw new Error(`Not ${wanted}, but: ${problems.join("; ")}`);
  }
  const said = await rig.command(["status"]);
  expect(said.stdout).toMatch(wanted);
  expect(said.code).toBe(1);
}

async function waitWell({ rig }: World): Promise<void> {
  for (const deadline = Date.now() + 20_000; ; await pause(50)) {
    const { problems } = await rig.status();
    if (problems.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Still: ${problems.join("; ")}`);
  }
}

const FULL = /the disk is full/;
const faults: readonly (readonly [string, DiskOrder, RegExp])[] = [
  ["full", { ops: ["write"], path: "/inbox/", code: "ENOSPC" }, FULL],
  ["takes no byte", { ops: ["write"], path: "/inbox/", bytes: 0 }, FULL],
  ["gives no permission", { ops: ["create"], path: "/inbox/", code: "EACCES" }, /no permission/],
  ["too many files", { ops: ["create"], path: "/inbox/", code: "EMFILE" }, /too many open files/],
  ["read-only", { ops: ["create"], path: "/inbox/", code: "EROFS" }, /read-only/],
  ["fsync fails", { ops: ["sync"], path: "/inbox/", code: "EIO" }, /reports an error/],
  [
    "folder's fsync fails",
    { ops: ["syncfolder"], path: "/inbox", code: "EIO" },
    /reports an error/,
  ],
  ["rename fails", { ops: ["rename"], path: "/inbox/", code: "EIO" }, /reports an error/],
];

// peers #35: nothing is confirmed that is not kept.
describe("while a message cannot be made durable", () => {
  const world = sharedWorld();

  test.each(faults)(
    "it is not confirmed, status says why, and it is answered once as soon as it can (%s)",
    { timeout: 60_000 },
    async (_, order, words) => {
      const { rig, disk, newcomer } = world();
      await disk.order(order);
      const chat = newcomer();
      chat.say("hello");
      await waitHit(world(), order.ops, /inbox/);
      await waitProblem(world(), words);
      expect(rig.server.output()).toMatch(words);
      expect(rig.telegram.unconfirmed()).toBe(1);
      expect(textsOf(chat)).toEqual([]);
      await disk.clear();
      await waitShown(chat, "echo: hello", 30_000);
      await waitWell(world());
      await waitSettled(rig);
      expect(rig.telegram.unconfirmed()).toBe(0);
      expect(textsOf(chat)).toEqual(["echo: hello"]);
      expect(rig.server.lives()).toBe(1);
    },
  );

  test("short writes are finished", { timeout: 60_000 }, async () => {
    const { disk, newcomer } = world();
    await disk.order({ ops: ["write"], path: "/(inbox|pending|sessions)/", bytes: 100, times: 6 });
    const chat = newcomer();
    chat.say("hello");
    await waitShown(chat, "echo: hello", 30_000);
    await disk.clear();
  });

  test("one whose fsync takes seconds is confirmed only then", { timeout: 60_000 }, async () => {
    const { rig, disk, newcomer } = world();
    await disk.order({ ops: ["sync", "syncfolder"], path: "/inbox", delayMs: 2000 });
    const chat = newcomer();
    chat.say("slow");
    await waitHit(world(), ["sync"], /inbox/);
    const until = Date.now() + 1500;
    while (Date.now() < until) {
      expect(rig.telegram.unconfirmed()).toBe(1);
      expect(textsOf(chat)).toEqual([]);
      await pause(50);
    }
    // The server is not held up: it answers, and the platform is heard.
    expect((await rig.status()).events).toMatchObject({ inbox: 0, pending: 0 });
    await disk.clear();
    await waitShown(chat, "echo: slow", 30_000);
    await waitSettled(rig);
    expect(textsOf(chat)).toEqual(["echo: slow"]);
  });
});

/** What fails, and what `status` says of it. One message is said meanwhile and answered once in the end. */
const steps: readonly (readonly [DiskOrder, RegExp])[] = [
  [{ ops: ["create"], path: "/pending/", code: "EMFILE" }, /events cannot be written: too many/],
  [{ ops: ["write"], path: "/pending/", code: "ENOSPC" }, FULL],
  [{ ops: ["sync"], path: "/pending/", code: "EIO" }, /cannot sync files in .event\/pending/],
  [{ ops: ["syncfolder"], path: "/pending", code: "EIO" }, /cannot sync files in .event\/pending/],
  [{ ops: ["rename"], path: "/pending/", code: "EIO" }, /rename files in .event\/pending/],
  [{ ops: ["rename"], path: "/done/", code: "EIO" }, /rename files in .event\/done/],
  [{ ops: ["syncfolder"], path: "/done", code: "EIO" }, /sync files in .event\/done/],
  [{ ops: ["write"], path: "/notes/", code: "ENOSPC" }, /write files in .event\/notes: .*full/],
  [
    { ops: ["open", "create"], path: "/notes/", code: "EROFS" },
    /open files in .event\/notes: .*read-only/,
  ],
  [{ ops: ["create", "write"], path: "/sessions/", code: "ENOSPC" }, /files in .history\/sessions/],
  [{ ops: ["sync"], path: "/sessions/", code: "EIO" }, /files in .history\/sessions/],
  [{ ops: ["write"], path: "/index.jsonl", code: "ENOSPC" }, /write files in .history: .*full/],
  [{ ops: ["sync"], path: "/index.jsonl", code: "EIO" }, /sync files in .history/],
];

// weaknesses.md 6.10.
describe("a file call that fails on the way to an answer", () => {
  const world = sharedWorld();

  test.each(steps)(
    "shows in status and in the log, and costs no message and no second answer (%j)",
    { timeout: 60_000 },
    async (order, words) => {
      const { rig, disk, newcomer } = world();
      const chat = newcomer();
      await disk.order(order);
      chat.say("hello");
      await waitProblem(world(), words);
      expect(rig.server.output()).toMatch(/injected/);
      expect(await disk.hits()).not.toEqual([]);
      await disk.clear();
      await waitShown(chat, "echo: hello", 30_000);
      await waitSettled(rig);
      await waitWell(world());
      expect(textsOf(chat)).toEqual(["echo: hello"]);
      expect(rig.server.lives()).toBe(1);
    },
  );

  test("in lock.json shows too", { timeout: 60_000 }, async () => {
    const { disk } = world();
    await disk.order({ ops: ["write", "rename"], path: "/lock.json", code: "ENOSPC" });
    await waitProblem(world(), /replace files in .event: .*full/);
    await disk.clear();
    await waitWell(world());
  });
});

describe("killed in the middle of a fault", () => {
  test.each([
    { ops: ["syncfolder"], path: "/inbox", code: "EIO" },
    { ops: ["syncfolder"], path: "/inbox", delayMs: 600_000 },
    { ops: ["sync"], path: "/pending/", delayMs: 600_000 },
    { ops: ["syncfolder"], path: "/pending", code: "EIO" },
    { ops: ["rename"], path: "/done/", code: "EIO" },
    { ops: ["syncfolder"], path: "/done", delayMs: 600_000 },
  ] satisfies DiskOrder[])(
    "the server loses nothing and answers once (%j)",
    { timeout: 60_000 },
    async (order) => {
      const disk = await createDiskFaults();
      const rig = await createRig({ channels: ["telegram"], serverEnv: disk.env });
      try {
        await rig.start();
        await disk.order(order);
        const chat = rig.person("telegram", 1);
        chat.say("hello");
        await waitHit({ rig, disk, newcomer: () => chat }, order.ops, new RegExp(order.path));
        rig.server.kill();
        await rig.server.exited();
        await disk.clear();
        await rig.start();
        await waitShown(chat, /echo: hello$/, 30_000);
        await waitSettled(rig);
        expect(textsOf(chat)).toEqual(["echo: hello"]);
        expect((await rig.status()).problems).toEqual([]);
      } finally {
        await rig.close();
        await disk.remove();
      }
    },
  );
});

// Red with `sync: full`, whose first fsync is a hit.
test("with events.sync: process nothing is ever fsynced, and a kill still costs nothing", {
  timeout: 60_000,
}, async () => {
  const disk = await createDiskFaults();
  const config = { events: { sync: "process" } };
  const rig = await createRig({ channels: ["telegram"], serverEnv: disk.env, config });
  try {
    await disk.order({ ops: ["sync", "syncfolder"], path: ".", delayMs: 1 });
    await rig.start();
    const chat = rig.person("telegram", 1);
    chat.say("one");
    await waitShown(chat, "echo: one");
    rig.model.next({ kind: "stall", text: "never heard", events: 0 });
    chat.say("two");
    await eventually(() => expect(rig.model.requests).toHaveLength(2));
    rig.server.kill();
    await rig.server.exited();
    await rig.start();
    await waitShown(chat, "echo: two", 30_000);
    await waitSettled(rig);
    expect(textsOf(chat)).toEqual(["echo: one", "echo: two"]);
    expect(await disk.hits()).toEqual([]);
  } finally {
    await rig.close();
    await disk.remove();
  }
});

test("a server whose folder of events cannot be read at the start says so, and tries again", {
  timeout: 60_000,
}, async () => {
  const disk = await createDiskFaults();
  const rig = await createRig({ channels: ["telegram"], serverEnv: disk.env });
  try {
    await disk.order({ ops: ["list"], path: "/inbox", code: "EIO" });
    rig.server.start();
    await eventually(() => expect(rig.server.output()).toContain("injected"), 20_000);
    await disk.clear();
    // It is tried again, and succeeds.
    await rig.waitReady();
    const chat = rig.person("telegram", 1);
    chat.say("hello");
    await waitShown(chat, "echo: hello", 30_000);
  } finally {
    await rig.close();
    await disk.remove();
  }
});
