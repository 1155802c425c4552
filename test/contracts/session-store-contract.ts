import { describe, expect, test } from "vitest";
import type { SessionStore } from "../../src/sessions/session-store.ts";
import { assistantLine, toolCall, toolLine, userLine } from "../builders/session-messages.ts";

export interface SessionStoreHarness {
  readonly store: SessionStore;
  /** Another store over the same data, as after a restart. */
  reopen(): Promise<SessionStore>;
}

const SOURCE = "platform-telegram:42:42";

/** What every SessionStore does, wherever it keeps its data. `open` gives an empty one for each test. */
export function sessionStoreContract(name: string, open: () => Promise<SessionStoreHarness>): void {
  describe(`${name} as a SessionStore`, () => {
    // weaknesses.md W-C1: each message began a new session.
    test("gives a source the same session again, also after a restart", async () => {
      const { store, reopen } = await open();
      const made = await store.resolve(SOURCE, "pickle");
      expect(made).toMatchObject({ agentId: "pickle", source: SOURCE });
      expect(await store.resolve(SOURCE, "cookie")).toEqual(made);
      const later = await reopen();
      expect(await later.resolve(SOURCE, "cookie")).toEqual(made);
      expect(later.get(made.id)).toEqual(made);
    });

    // weaknesses.md W-H2: several wrote the index at once.
    test("makes one session when a source is resolved twice at once", async () => {
      const { store } = await open();
      const [one, two] = await Promise.all([
        store.resolve(SOURCE, "pickle"),
        store.resolve(SOURCE, "pickle"),
      ]);
      expect(two).toEqual(one);
    });

    test("starts afresh after clear, and keeps the old session readable", async () => {
      const { store, reopen } = await open();
      const old = await store.resolve(SOURCE, "pickle");
      await store.append(old.id, userLine());
      expect(await store.clear(SOURCE)).toBe(true);
      expect(store.current(SOURCE)).toBeUndefined();
      expect(await store.clear(SOURCE)).toBe(false);
      const later = await reopen();
      expect(later.current(SOURCE)).toBeUndefined();
      const fresh = await later.resolve(SOURCE, "cookie");
      expect(fresh.id).not.toBe(old.id);
      expect(fresh.agentId).toBe("cookie");
      expect(await later.read(old.id)).toEqual([userLine()]);
    });

    // weaknesses.md W-C4, W-C5, 3.6 #14: `/clear` made a file that nobody could read, or cleared nothing.
    test("clears one source and leaves the others alone", async () => {
      const { store, reopen } = await open();
      const sources = Array.from({ length: 20 }, (_, n) => `platform-telegram:${n}:${n}`);
      for (const source of sources) await store.resolve(source, "pickle");
      await store.clear("platform-telegram:7:7");
      const later = await reopen();
      const without = sources.filter((source) => later.current(source) === undefined);
      expect(without).toEqual(["platform-telegram:7:7"]);
    });

    // weaknesses.md W-H6: the encoding was the machine's.
    test("gives back every kind of message in order, also after a restart", async () => {
      const { store, reopen } = await open();
      const { id } = await store.resolve(SOURCE, "pickle");
      const messages = [
        userLine({ content: 'Hé "there"\n\u2028\uFFFD\uD800 🥒' }),
        assistantLine({ content: "", toolCalls: [toolCall({ arguments: '{"a": 1' })] }),
        toolLine({ content: "no", failed: true }),
        toolLine({ content: "" }),
        assistantLine({ content: "Sorry.", ended: "failed", reason: "no credit" }),
        assistantLine({ content: "Aside.", ended: "failed", reason: "died", setAside: true }),
        assistantLine({ content: "Stopped.", ended: "stopped" }),
        assistantLine({ content: "Done." }),
      ];
      for (const message of messages) await store.append(id, message);
      await store.sync(id);
      expect(await store.read(id)).toEqual(messages);
      const later = await reopen();
      expect(await later.read(id)).toEqual(messages);
    });

    test("gives a copy: what was read does not grow with later messages", async () => {
      const { store } = await open();
      const { id } = await store.resolve(SOURCE, "pickle");
      await store.append(id, userLine());
      const before = [await store.read(id), await store.read(id)];
      await store.append(id, assistantLine());
      expect(before.map((messages) => messages.length)).toEqual([1, 1]);
      expect(await store.read(id)).toHaveLength(2);
    });

    // weaknesses.md W-C3, 3.6 #14: a dot in a name made a configuration that stopped the server.
    test.each([
      ["dots", "../../.."],
      ["slashes", "platform-cli:/etc/passwd"],
      ["colons and spaces", "platform-ws:a : b:c"],
      ["emoji", "platform-ws:🥒"],
      ["line ends", "platform-ws:a\nb"],
      ["a property's name", "__proto__"],
      ["1,000 characters", `platform-ws:${"x".repeat(1000)}`],
    ])("takes a source with %s as data", async (_name, source) => {
      const { store, reopen } = await open();
      const session = await store.resolve(source, "pickle");
      await store.append(session.id, userLine());
      const later = await reopen();
      expect(later.current(source)).toEqual(session);
      expect(await later.read(session.id)).toEqual([userLine()]);
    });

    test("rejects a session that does not exist", async () => {
      const { store } = await open();
      await expect(store.read("nobody")).rejects.toThrow('Cannot open session "nobody"');
      await expect(store.append("../index", userLine())).rejects.toThrow("Cannot open session");
    });
  });
}
