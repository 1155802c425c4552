import { describe, expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { PLATFORMS } from "../rig/conversation.ts";
import { within } from "../rig/run-kill.ts";
import { testRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

const RESTARTS = 4;
const QUEUED = 12;

// peers #13; twenty of them, in process, in test/server/delivery-load.test.ts. Red when a settled reply is not renamed out of `pending/`.
test("what was delivered does not come again after restarts, killed or stopped", {
  timeout: 90_000,
}, async () => {
  const rig = await testRig();
  await rig.start();
  const chats = PLATFORMS.map((platform) => rig.person(platform, 1));
  for (const chat of chats) chat.say("once");
  for (const chat of chats) await waitShown(chat, "echo: once");
  await waitSettled(rig);
  for (let life = 0; life < RESTARTS; life += 1) {
    if (life % 2 === 0) rig.server.kill();
    else await rig.server.stop();
    await rig.server.exited();
    await rig.start();
  }
  for (const chat of chats) {
    chat.say("and now?");
    await waitShown(chat, "echo: and now?");
    expect(textsOf(chat)).toEqual(["echo: once", "echo: and now?"]);
  }
  expect(rig.model.requests).toHaveLength(2 * chats.length);
});

// peers #4. Red when a reply that has to wait counts as settled.
describe.each(PLATFORMS)("on %s", (platform) => {
  test.each(["SIGTERM", "SIGKILL"] as const)(
    `${QUEUED} replies that wait for the platform all arrive in order after %s`,
    { timeout: 90_000 },
    async (signal) => {
      const rig = await testRig({
        channels: [platform],
        ...(platform === "telegram"
          ? { config: { channels: { telegram: { rate: { chat_per_second: 0 } } } } }
          : {}),
      });
      await rig.start();
      const chat = rig.person(platform, 1);
      // Nothing is on its way when the signal comes: so nothing may come twice, or with a label.
      rig[platform].fault(chat.sends, { code: 429, retryAfter: 10 });
      const texts = Array.from({ length: QUEUED }, (_, n) => `n${n}`);
      for (const text of texts) chat.say(text);
      await eventually(
        async () =>
          expect((await rig.status()).events).toMatchObject({ inbox: 0, pending: QUEUED }),
        20_000,
      );
      rig.server.signal(signal);
      await within(rig.server.exited(), 15_000, "the end");
      expect(textsOf(chat)).toEqual([]);
      rig.server.start();
      await waitShown(chat, `echo: ${texts.at(-1)}`, 40_000);
      await waitSettled(rig);
      expect(textsOf(chat)).toEqual(texts.map((text) => `echo: ${text}`));
    },
  );
});
