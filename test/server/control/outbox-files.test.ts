import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Event, type NewEvent, printEvent } from "../../../src/events/event.ts";
import { eventFileName } from "../../../src/events/event-name.ts";
import { EMPTY_NOTE, printNote } from "../../../src/events/note.ts";
import { nodeFileOps } from "../../../src/runtime/file-ops.ts";
import { readOutboxFiles } from "../../../src/server/control/outbox-files.ts";

const MS = 4096;

describe("outbox files", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "my-bot-outbox-"));
    for (const name of ["inbox", "pending", "failed", "notes"]) await mkdir(join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = async (box: "pending" | "failed", atMs: number, content: string) => {
    const id = String(atMs * MS).padStart(16, "0");
    const fresh: NewEvent = {
      type: "OutboundEvent",
      key: `key ${atMs}`,
      lane: "lane",
      channel: "telegram",
      address: { chat: "42" },
      content,
      kind: "reply",
      boot: "b",
    };
    const event: Event = { ...fresh, v: 1, id, timestamp: atMs };
    const ref = eventFileName(id, fresh);
    await writeFile(join(folder, box, ref), printEvent(event));
    return ref;
  };
  const outbox = () => readOutboxFiles(folder, nodeFileOps);

  it("is empty where there is nothing, not even a folder", async () => {
    const nothing = readOutboxFiles(join(folder, "elsewhere"), nodeFileOps);
    expect(await nothing.list()).toEqual({ total: 0, entries: [] });
  });

  it("lists what is owed and what is dead, oldest first, with what is known", async () => {
    const owed = await put("pending", 2_000, "later");
    const dead = await put("failed", 1_000, "earlier");
    const died = { at: 5, reason: "blocked by the user" };
    const note = { ...EMPTY_NOTE, attempts: 3, dead: died, failures: [died] };
    await writeFile(join(folder, "notes", dead), printNote(note));
    expect((await outbox().list()).entries).toMatchObject([
      { ref: dead, state: "dead", acceptedAt: 1_000, attempts: 3, reason: died.reason, chat: "42" },
      { ref: owed, state: "owed", acceptedAt: 2_000, attempts: 0, text: "later" },
    ]);
  });

  it("finds one by the beginning of its name, and only if it is the only one", async () => {
    const first = await put("pending", 1_000, "one");
    await put("pending", 1_001, "two");
    expect(await outbox().find(first.slice(0, 16))).toMatchObject({ ref: first, text: "one" });
    await expect(outbox().find("000")).rejects.toThrow("2 begin like this");
    await expect(outbox().find("7")).rejects.toThrow('Cannot find "7"');
    await expect(outbox().find("")).rejects.toThrow('Cannot find ""');
  });

  it("shows what cannot be read with the reason, and changes nothing", async () => {
    const ref = await put("pending", 1_000, "fine");
    await writeFile(join(folder, "pending", ref), "{ torn");
    await writeFile(join(folder, "pending", ".tmp-1"), "unfinished");
    const { total, entries } = await outbox().list();
    expect(total).toBe(1);
    expect(entries[0]).toMatchObject({ ref, text: undefined });
    expect(entries[0]?.reason).toContain("JSON");
    expect(await readdir(join(folder, "pending"))).toHaveLength(2);
  });
});
