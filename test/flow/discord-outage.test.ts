import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { sharedRig, textsOf, waitCount, waitSettled, waitShown } from "../rig/test-rig.ts";

// peers #34, through the real server: its store stops what the gateway and the history both tell.
describe("while Discord's gateway is away", () => {
  const rigOf = sharedRig({ channels: ["discord"] });
  let person = 0;

  test.each([
    ["with a session that is resumed", true],
    ["with a session that is lost", false],
  ])(
    "what is written is answered once and in order (%s)",
    { timeout: 40_000 },
    async (_, resumable) => {
      const rig = rigOf();
      const { gateway } = rig.discord;
      person += 1;
      const chat = rig.person("discord", person);
      chat.say("before");
      await waitShown(chat, "echo: before");
      const asked = rig.model.requests.length;
      gateway.admit(false);
      await eventually(() => expect(gateway.connections()).toBe(0));
      for (const text of ["one", "two", "three"]) chat.say(text);
      if (!resumable) gateway.forgetSessions();
      gateway.admit(true);
      await waitCount(chat, 4, 30_000);
      chat.say("after");
      await waitShown(chat, "echo: after");
      await waitSettled(rig);
      const texts = ["before", "one", "two", "three", "after"].map((text) => `echo: ${text}`);
      expect(textsOf(chat)).toEqual(texts);
      expect(rig.model.requests).toHaveLength(asked + 4);
      expect(gateway.resumes()).toBe(1);
    },
  );
});
