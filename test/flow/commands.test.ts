import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { PLATFORMS } from "../rig/conversation.ts";
import { createGate } from "../rig/gate.ts";
import { sharedRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

describe("while a turn is running", () => {
  const rigOf = sharedRig();

  test.each(PLATFORMS)("/help and /session are answered at once on %s", async (platform) => {
    const rig = rigOf();
    const chat = rig.person(platform, 1);
    const gate = createGate();
    rig.model.next({ kind: "slow", text: "at last", until: gate.opened });
    chat.say("think long");
    await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("think long"));
    chat.say("/help");
    await waitShown(chat, /Available Commands/);
    chat.say("/session");
    await waitShown(chat, /Session ID/);
    expect(textsOf(chat)).toHaveLength(2);
    gate.open();
    await waitShown(chat, "at last");
  });

  // weaknesses.md W-T12, 3.6 #18: commands waited behind the turn that they were about.
  test.each(PLATFORMS)(
    "/stop ends it at once on %s, and the next message is answered",
    async (platform) => {
      const rig = rigOf();
      const chat = rig.person(platform, 2);
      rig.model.next({ kind: "stall", text: "never heard", events: 2 });
      chat.say("think for ever");
      await eventually(() => expect(rig.model.requests.at(-1)?.text).toBe("think for ever"));
      const request = rig.model.requests.at(-1);
      const from = Date.now();
      chat.say("/stop");
      await waitShown(chat, "✓ Stopped.");
      // The model's service is told too: nobody pays for what nobody reads.
      await eventually(() => expect(request?.state).toBe("abandoned"));
      expect(Date.now() - from).toBeLessThan(3_000);
      chat.say("hello");
      await waitShown(chat, "echo: hello");
      await waitSettled(rig);
      expect(textsOf(chat)).toEqual(["✓ Stopped.", "echo: hello"]);
    },
  );
});

describe("commands", () => {
  const rigOf = sharedRig({
    config: { channels: { telegram: { groups: { "-1001": { mention: true } } } } },
  });

  test("are in both platforms' own menus", async () => {
    const { telegram, discord } = rigOf();
    const names = ["start", "help", "agent", "clear", "session", "stop", "pair"];
    await eventually(() => {
      expect(telegram.commands()).toMatchObject(names.map((command) => ({ command })));
      expect(discord.commands()).toMatchObject(names.map((name) => ({ name })));
    });
  });

  // weaknesses.md W-I9, W-T15: `/help@bot` went to the model.
  test("that name this bot in a group are its own, those that name another are not", async () => {
    const rig = rigOf();
    const { telegram, model } = rig;
    const group = -1001;
    telegram.chat(group);
    telegram.say(1001, "/help@OtherBot", { chat: group });
    telegram.say(1001, "/help@My_Test_Bot", { chat: group });
    await eventually(() => expect(telegram.replies(group)).toHaveLength(1));
    expect(telegram.replies(group)[0]?.text).toMatch(/Available Commands/);
    await waitSettled(rig);
    expect(telegram.replies(group)).toHaveLength(1);
    expect(model.requests).toEqual([]);
  });

  test("from Discord's own menu are answered where they were given", async () => {
    const { discord, ...rig } = rigOf();
    const chat = rig.person("discord", 1);
    const interaction = discord.slash(chat.user, "help");
    await eventually(() => {
      const shown = [...textsOf(chat), interaction.shown?.content ?? ""].join("\n");
      expect(shown).toMatch(/Available Commands/);
    });
  });

  test("that nobody knows are ordinary text", async () => {
    const rig = rigOf();
    const chat = rig.person("telegram", 2);
    chat.say("/nosuch thing");
    await waitShown(chat, "echo: /nosuch thing");
  });
});
