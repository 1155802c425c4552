import { describe, expect, it } from "vitest";
import type { NewEvent } from "../../src/events/event.ts";
import { createGrants, type GrantRecord } from "../../src/server/grants.ts";
import { createRecordingLog } from "../builders/recording-log.ts";

const ANN = { channel: "discord", sender: { id: "7", name: "Ann" }, chat: "70" };

/** A record that outlives its grants, as the file does. */
function setUp() {
  let record: GrantRecord = { allow: {}, granted: [] };
  const published: NewEvent[] = [];
  let failure: Error | undefined;
  const { log, entries } = createRecordingLog();
  const open = () =>
    createGrants({
      read: async () => record,
      change: async (edit) => {
        record = edit(record);
      },
      async publish(events) {
        if (failure) throw failure;
        published.push(...events);
      },
      boot: "boot",
      log,
    });
  return {
    open,
    published,
    entries,
    record: () => record,
    set: (next: GrantRecord) => {
      record = next;
    },
    fail: (error: Error | undefined) => {
      failure = error;
    },
  };
}

describe("grants", () => {
  it("let a person in and tell them in their chat", async () => {
    const { open, published, record } = setUp();
    await open().add(ANN, "CODE1");
    expect(record().allow).toEqual({ discord: ["7"] });
    expect(published).toMatchObject([
      {
        key: "welcome/discord/7/CODE1",
        channel: "discord",
        address: { chat: "70" },
        kind: "message",
        content: expect.stringContaining("You are let in"),
      },
    ]);
  });

  it("tell at the next start whom the process could not tell, and nobody twice", async () => {
    const { open, published, fail, entries } = setUp();
    fail(new Error("the disk is full"));
    await open().add(ANN, "CODE1");
    expect(published).toEqual([]);
    expect(entries).toMatchObject([{ level: "error", reason: "the disk is full" }]);
    fail(undefined);
    const next = open();
    await next.welcomeAll();
    await next.welcomeAll();
    await next.add(ANN, "CODE1");
    expect(published.map(({ key }) => key)).toEqual(["welcome/discord/7/CODE1"]);
  });

  it("are found again by their code, as long as the person is let in", async () => {
    const { open, set, record } = setUp();
    await open().add(ANN, "CODE1");
    expect(await open().find("CODE1")).toEqual(ANN);
    expect(await open().find("CODE2")).toBeUndefined();
    set({ ...record(), allow: {} });
    expect(await open().find("CODE1")).toBeUndefined();
  });

  it("remember the last ones only, and whoever is not told yet", async () => {
    const { open, record, fail } = setUp();
    fail(new Error("the disk is full"));
    await open().add(ANN, "FIRST");
    fail(undefined);
    for (let n = 0; n < 50; n += 1) await open().add({ ...ANN, sender: { id: `u${n}` } }, `C${n}`);
    expect(record().granted.length).toBeLessThan(25);
    expect(record().granted.every(({ welcomed }) => welcomed)).toBe(true);
    expect(record().allow).toMatchObject({ discord: { length: 51 } });
  });
});
