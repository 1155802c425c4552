import { expect, test } from "vitest";
import { eventually } from "../contracts/recording-receiver.ts";
import { REPEAT_LABEL } from "../rig/ledger.ts";
import { testRig, textsOf, waitSettled, waitShown } from "../rig/test-rig.ts";

/** Each life's wall clock is as far off as its environment says. */
const SHIFTED_CLOCK = `
const now = Date.now;
Date.now = () => now() + Number(process.env.CLOCK_HOURS ?? 0) * 3_600_000;
`;

// peers #14. Red without the look at the age: it would be sent as if nothing had been.
test("a reply of 25 hours is not sent by a server that starts, its owner is told, and may have it sent", {
  timeout: 60_000,
}, async () => {
  const rig = await testRig({
    channels: ["telegram"],
    preload: SHIFTED_CLOCK,
    config: { owner: "telegram/1040" },
  });
  await rig.start();
  const [chat, owner] = [rig.person("telegram", 1), rig.person("telegram", 40)];
  const stop = chat.onSend("arrived", () => {
    rig.server.kill();
    return "abandon";
  });
  chat.say("hello");
  await rig.server.exited();
  stop();
  rig.server.start({ CLOCK_HOURS: "25" });
  await rig.waitReady();
  await waitShown(owner, /had waited for too long when I started were not sent/);
  await waitSettled(rig);
  expect(textsOf(chat)).toEqual([]);
  expect(await rig.command(["status"])).toMatchObject({ code: 1 });
  const listed = await rig.command(["outbox", "list"]);
  expect(listed.stdout).toMatch(/dead .*Expired: older than 24h/);
  const [ref = ""] = /^\d{16}/m.exec(listed.stdout) ?? [];
  expect((await rig.command(["outbox", "retry", ref])).code).toBe(0);
  await waitShown(chat, `${REPEAT_LABEL}\necho: hello`);
  await eventually(async () => expect((await rig.command(["status"])).code).toBe(0));
});
