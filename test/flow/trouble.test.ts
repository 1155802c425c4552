import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { PLATFORMS, type Platform } from "../rig/conversation.ts";
import type { Rig } from "../rig/rig.ts";
import { runningRig, testRig, textsOf, waitCount, waitShown } from "../rig/test-rig.ts";

/** Waits until the status tells a channel's trouble; resolves with its reason and remedy. */
async function waitTrouble(rig: Rig, platform: Platform, reason: RegExp): Promise<string> {
  for (const deadline = Date.now() + 15_000; ; await delay(50)) {
    const { channels, problems } = await rig.status();
    const state = channels.find(({ name }) => name === platform)?.state;
    if (state?.kind === "failing" && reason.test(state.reason)) {
      expect(problems.join("\n")).toContain(state.remedy);
      return state.remedy;
    }
    if (Date.now() > deadline) throw new Error(`${platform} is ${JSON.stringify(state)}`);
  }
}

describe("a channel in trouble", () => {
  // weaknesses.md W-L4, 3.6 #9: one channel's failure ended the others.
  test.each(PLATFORMS)(
    "(%s refuses the token) says so with the remedy, comes back by itself, and delays no other",
    {
      timeout: 40_000,
    },
    async (platform) => {
      const rig = await runningRig();
      const other = PLATFORMS.find((name) => name !== platform) ?? "telegram";
      rig[platform].revoke(true);
      const remedy = await waitTrouble(rig, platform, /token/);
      expect(remedy).toMatch(platform === "telegram" ? /BotFather/ : /discord\.com\/developers/);
      const chat = rig.person(other, 1);
      chat.say("hello");
      await waitShown(chat, "echo: hello");
      expect((await rig.command(["channels"])).stdout).toContain(remedy.slice(0, 40));
      expect((await rig.command(["status"])).code).not.toBe(0);
      const waiting = rig.person(platform, 1);
      waiting.say("when you are back");
      rig[platform].revoke(false);
      await waitShown(waiting, "echo: when you are back", 30_000);
      expect(textsOf(waiting)).toHaveLength(1);
    },
  );

  // peers #26.
  test("(another process polls) says so with the remedy, and goes on when that one ends", {
    timeout: 40_000,
  }, async () => {
    const rig = await runningRig();
    const polling = new AbortController();
    const rival = pollAsRival(rig, polling.signal);
    const remedy = await waitTrouble(rig, "telegram", /another process/);
    expect(remedy).toMatch(/Stop the other one/);
    const chat = rig.person("discord", 1);
    chat.say("hello");
    await waitShown(chat, "echo: hello");
    polling.abort();
    await rival;
    const back = rig.person("telegram", 1);
    back.say("back?");
    await waitShown(back, "echo: back?", 25_000);
  });

  // weaknesses.md W-L3, 3.6 #9.
  test("(no network at the start) connects when there is one, and answers what was said meanwhile", {
    timeout: 40_000,
  }, async () => {
    const rig = await testRig();
    await Promise.all([rig.telegram.stop(), rig.discord.stop()]);
    const chats = PLATFORMS.map((platform) => rig.person(platform, 1));
    rig.server.start();
    await eventually(() => expect(rig.server.output()).toContain('"msg":"my-bot starts"'));
    for (const platform of PLATFORMS) await waitTrouble(rig, platform, /reach|connect/i);
    for (const chat of chats) chat.say("anyone there?");
    await Promise.all([rig.telegram.start(), rig.discord.start()]);
    await rig.waitReady();
    await waitShown(rig.person("telegram", 1), "echo: anyone there?");
    // Discord keeps nothing for a bot that it has never seen; whoever it knows is caught up.
    const discord = rig.person("discord", 2);
    discord.say("now");
    await waitShown(discord, "echo: now");
  });

  // peers #5, #6, #53: through the real clients.
  test.each(PLATFORMS)(
    "(%s is gone for a while) loses nothing that was said or owed",
    {
      timeout: 40_000,
    },
    async (platform) => {
      const rig = await runningRig({ channels: [platform] });
      const chat = rig.person(platform, 1);
      chat.say("before");
      await waitShown(chat, "echo: before");
      const gone = chat.onSend("arrived", () => {
        void rig[platform].stop();
        return "abandon";
      });
      chat.say("owed");
      await waitTrouble(rig, platform, /./);
      gone();
      chat.say("said meanwhile");
      await rig[platform].start();
      const texts = await waitCount(chat, 3, 30_000);
      expect(texts.map((text) => text.split("\n").at(-1))).toEqual([
        "echo: before",
        "echo: owed",
        "echo: said meanwhile",
      ]);
    },
  );
});

/** Another copy of the bot with the same token. It confirms nothing. */
async function pollAsRival({ telegram }: Rig, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await fetch(`${telegram.url}/bot${telegram.token}/getUpdates?timeout=5`, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
