import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runningRig, textsOf, waitCount, waitSettled, waitShown } from "../rig/test-rig.ts";

/** The server's wall clock is as many hours off as the file says at its start. */
const SHIFTED_CLOCK = `
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
let hours = 0;
try { hours = Number(readFileSync(join(__dirname, "clock-hours"), "utf8")); } catch {}
const now = Date.now;
Date.now = () => now() + hours * 3_600_000;
`;

/*
 * Red with a search that begins at the time of the first try (seen): with the clock set back the answer stands there
 * twice, and what was not posted is lost, because the older one with the same text is taken for it.
 */
describe("killed on Discord when an answer was posted and not confirmed", () => {
  test.each([
    { minutes: 2, hours: 0 },
    { minutes: 0, hours: 0 },
    { minutes: 0, hours: -2 },
    { minutes: 0, hours: 2 },
    { minutes: 2, hours: -2 },
  ])(
    "it stands there once: nonce kept for $minutes min, clock $hours h on",
    {
      timeout: 60_000,
    },
    async ({ minutes, hours }) => {
      const rig = await runningRig({ channels: ["discord"], preload: SHIFTED_CLOCK });
      rig.discord.setNonceWindow(minutes * 60_000);
      const chat = rig.person("discord", 1);
      chat.say("earlier");
      await waitShown(chat, "echo: earlier");
      // The same text once more: an older one must not be taken for it.
      rig.model.answer(() => ({ kind: "text", text: "ok" }));
      chat.say("first");
      await waitShown(chat, "ok");
      const stop = chat.onSend("posted", () => {
        rig.server.kill();
        return "abandon";
      });
      chat.say("second");
      await rig.server.exited();
      stop();
      expect(textsOf(chat)).toHaveLength(3);
      await writeFile(join(rig.workspace.env.HOME, "clock-hours"), String(hours));
      await rig.start();
      chat.say("third");
      await waitCount(chat, 4);
      await waitSettled(rig);
      expect(textsOf(chat).slice(1)).toEqual(["ok", "ok", "ok"]);
    },
  );

  test("what was not posted comes, although the same text stands there", {
    timeout: 60_000,
  }, async () => {
    const rig = await runningRig({ channels: ["discord"] });
    rig.discord.setNonceWindow(0);
    const chat = rig.person("discord", 1);
    rig.model.answer(() => ({ kind: "text", text: "ok" }));
    chat.say("first");
    await waitShown(chat, "ok");
    const stop = chat.onSend("arrived", () => {
      rig.server.kill();
      return "abandon";
    });
    chat.say("second");
    await rig.server.exited();
    stop();
    expect(textsOf(chat)).toEqual(["ok"]);
    await rig.start();
    await waitCount(chat, 2);
    await waitSettled(rig);
    expect(textsOf(chat)).toEqual(["ok", "ok"]);
  });
});
