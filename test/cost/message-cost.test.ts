import { readdir, utimes } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import type { Conversation } from "../rig/conversation.ts";
import { startWatched, takeFileCalls, type WatchedServer } from "./counted-server.ts";
import { costOf, type MessageCost } from "./message-cost.ts";

/** Waiting for the platform's limits would write notes, and how many depends on the time. */
const NO_LIMITS = { rate: { per_second: 0, chat_per_second: 0, group_per_minute: 0 } };

const LONG_AGO = new Date("2026-01-01");

let server: WatchedServer;

beforeAll(async () => {
  server = await startWatched({
    rig: { channels: ["telegram"], config: { channels: { telegram: NO_LIMITS } } },
    preloads: ["file-calls.cjs"],
    env: { FILE_CALLS: "trace" },
  });
  // A file that was changed just now is read again the next time, lest an edit be missed.
  const { path } = server.rig.workspace;
  for (const name of [
    "agents/pickle/AGENT.md",
    "agents/pickle/SOUL.md",
    "BOOTSTRAP.md",
    "AGENTS.md",
  ]) {
    await utimes(path(name), LONG_AGO, LONG_AGO);
  }
  // Loads what is loaded with the first message, and makes the conversation of person 1.
  await costOfSaying("hello");
  return () => server.close();
}, 60_000);

const person = (n: number): Conversation => server.rig.person("telegram", n);

/** Says it, waits until it is answered whole and nothing is owed any more, and tells what that took. */
async function costOfSaying(
  text: string,
  { chat = person(1), parts = 1 }: { chat?: Conversation; parts?: number } = {},
): Promise<MessageCost> {
  const { rig } = server;
  await takeFileCalls(server);
  const before = chat.shown().length;
  chat.say(text);
  await eventually(async () => {
    expect(chat.shown().length).toBe(before + parts);
    // Not asked for its status, which looks at files too.
    for (const folder of ["inbox", "pending"]) {
      expect(await readdir(rig.workspace.path(".event", folder))).toEqual([]);
    }
  }, 15_000);
  return costOf(await takeFileCalls(server), rig.workspace.root);
}

const ONE_PART = {
  files: { ".event/inbox": 1, ".history/sessions": 1, ".event/pending": 1 },
  folders: { ".event/inbox": 1, ".event/pending": 1, ".event/done": 1 },
};

// docs/performance.md and docs/architecture.md name these numbers.
describe("what a message costs at the disk", () => {
  test("a message and its one-part answer: 6 fsyncs", async () => {
    const { bytes, ...cost } = await costOfSaying("How are you?");
    // Looked up: the configuration (3), the agent (2), what the workspace adds to the prompt (2).
    const made = { stats: 7, creations: 2, renames: 4, removals: 0 };
    expect(cost).toEqual({ ...ONE_PART, ...made });
    expect(bytes).toBeLessThanOrEqual(1_550);
  });

  test("an answer of three parts: 2 more for each further part", async () => {
    server.rig.model.next({ kind: "text", text: "word ".repeat(2_000) });
    const { files, folders } = await costOfSaying("Tell me all.", { parts: 3 });
    expect(files).toEqual({ ...ONE_PART.files, ".event/notes": 2 });
    expect(folders).toEqual({ ...ONE_PART.folders, ".event/notes": 2 });
  });

  test("a new conversation: 3 more, once", async () => {
    const { files, folders } = await costOfSaying("hello", { chat: person(2) });
    expect(files).toEqual({ ...ONE_PART.files, ".history/sessions": 2, ".history": 1 });
    expect(folders).toEqual({ ...ONE_PART.folders, ".history/sessions": 1 });
  });

  test("an attempt more at the model: none", async () => {
    server.rig.model.next({ kind: "error", status: 500 });
    const { files, folders } = await costOfSaying("Are you there?");
    expect({ files, folders }).toEqual(ONE_PART);
  });

  test("a command: 5, as there is no turn", async () => {
    const { files, folders } = await costOfSaying("/help");
    expect(files).toEqual({ ".event/inbox": 1, ".event/pending": 1 });
    expect(folders).toEqual(ONE_PART.folders);
  });

  test("messages that come together share the fsyncs of folders", async () => {
    const { rig } = server;
    const chats = Array.from({ length: 8 }, (_, n) => person(n + 3));
    for (const chat of chats) await costOfSaying("hello", { chat });
    await takeFileCalls(server);
    for (const chat of chats) chat.say("all at once");
    await eventually(async () => {
      for (const chat of chats) expect(chat.shown().length).toBe(2);
      // Not asked for its status, which looks at files too.
      for (const folder of ["inbox", "pending"]) {
        expect(await readdir(rig.workspace.path(".event", folder))).toEqual([]);
      }
    }, 15_000);
    const { files, folders } = costOf(await takeFileCalls(server), rig.workspace.root);
    expect(files).toEqual({ ".event/inbox": 8, ".history/sessions": 8, ".event/pending": 8 });
    for (const count of Object.values(folders)) expect(count).toBeLessThanOrEqual(8);
    expect(folders[".event/inbox"]).toBeLessThanOrEqual(3);
  });

  test("a message that nobody may send: none", async () => {
    const { rig } = server;
    await takeFileCalls(server);
    rig.telegram.say(999_999, "hello?", { chat: -5 });
    await eventually(() => expect(rig.telegram.unconfirmed()).toBe(0), 10_000);
    const { files, folders } = costOf(await takeFileCalls(server), rig.workspace.root);
    expect({ files, folders }).toEqual({ files: {}, folders: {} });
  });
});
