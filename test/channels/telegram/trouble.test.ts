import { GrammyError, HttpError } from "grammy";
import { describe, expect, it } from "vitest";
import { explainTrouble } from "../../../src/channels/telegram/trouble.ts";

const refused = (code: number, description: string) =>
  new GrammyError("refused", { ok: false, error_code: code, description }, "getUpdates", {});
const explain = (error: unknown) =>
  explainTrouble(error, { apiRoot: "https://api.telegram.org", webhookUrl: async () => "" });

/** Jitter makes a wait longer by a fifth at most; a poll after a conflict takes 5 s to tell that it works. */
const longestMs = (upToMs: number, conflict = false) => upToMs * 1.2 + (conflict ? 5_000 : 0);

describe("telegram's troubles", () => {
  // peers #26: "recovers ≤ 10 s after it ends".
  it.each([
    ["another poller", refused(409, "Conflict: terminated by other getUpdates request")],
    ["a refused token", refused(401, "Unauthorized")],
    ["a server error", refused(502, "Bad Gateway")],
    ["no network", new HttpError("x", Object.assign(new Error("x"), { code: "ECONNREFUSED" }))],
  ])("(%s) are looked at again within 10 s, however long they lasted", async (_, error) => {
    const { wait, conflict, state } = await explain(error);
    if (!("upToMs" in wait)) throw new Error("a fixed wait");
    expect(longestMs(wait.upToMs, conflict)).toBeLessThanOrEqual(10_000);
    expect(state.remedy).not.toBe("");
  });

  it("looks again within seconds while a webhook is set: whoever deletes it waits for the bot", async () => {
    const { wait, state } = await explainTrouble(refused(409, "Conflict"), {
      apiRoot: "https://api.telegram.org",
      webhookUrl: async () => "https://example.org/hook",
    });
    expect(state.remedy).toContain("doctor --delete-webhook");
    expect("upToMs" in wait && wait.upToMs).toBeLessThanOrEqual(5_000);
  });
});
