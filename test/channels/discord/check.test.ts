import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ADA, createRig, type DiscordRig } from "./rig.ts";

describe("the Discord channel's check", () => {
  let rig: DiscordRig;

  beforeEach(async () => {
    rig = await createRig();
  });
  afterEach(() => rig.fake.close());

  const { signal } = new AbortController();
  const check = async (options: Record<string, unknown> = {}) =>
    (await rig.channel(options).check?.(signal)) ?? [];
  const problems = async (options?: Record<string, unknown>) =>
    (await check(options)).filter(({ level }) => level !== "ok");

  it("finds nothing wrong with a bot that is set up, and changes nothing", async () => {
    const groups = { [rig.fake.generalId]: {} };
    expect((await check({ groups })).map(({ level, text }) => `${level}: ${text}`)).toEqual([
      "ok: The token is accepted: my-test-bot",
      "ok: The bot may read messages: Message Content Intent is on",
      `ok: The channel ${rig.fake.generalId} is reachable: #general`,
    ]);
    expect(rig.fake.requests(/^(?!GET )/)).toEqual([]);
  });

  it("finds a refused token", async () => {
    rig.fake.revoke(true);
    expect(await problems()).toMatchObject([
      {
        level: "problem",
        text: "The token is refused",
        remedy: expect.stringContaining("Reset Token"),
      },
    ]);
  });

  it("finds a platform that is away", async () => {
    await rig.fake.stop();
    expect(await problems()).toMatchObject([
      { level: "problem", text: expect.stringContaining("cannot be reached") },
    ]);
    await rig.fake.start();
  });

  it("finds the intent that is switched off", async () => {
    rig.fake.setMessageContent(false);
    expect(await problems()).toMatchObject([
      { level: "problem", remedy: expect.stringContaining("Message Content Intent") },
    ]);
  });

  it("finds a channel that the bot cannot see", async () => {
    rig.fake.setAccess(rig.fake.generalId, "hidden");
    expect(await problems({ groups: { [rig.fake.generalId]: {}, "*": {} } })).toMatchObject([
      { level: "problem", text: expect.stringContaining(rig.fake.generalId) },
    ]);
  });

  it("finds a channel whose history the bot may not read, and no other", async () => {
    const { generalId } = rig.fake;
    rig.fake.setAccess(generalId, "no-history");
    expect(await problems({ groups: { [generalId]: {} } })).toEqual([]);
    rig.fake.say(ADA, "hello", { channel: generalId });
    expect(await problems({ groups: { [generalId]: {} } })).toMatchObject([
      { level: "problem", remedy: expect.stringContaining("Read Message History") },
    ]);
  });

  it("finds an empty list, and one that lets everyone in", async () => {
    expect(await problems({ allow_from: [] })).toMatchObject([{ level: "warning" }]);
    expect(await problems({ allow_from: ["*"] })).toMatchObject([
      { level: "warning", text: expect.stringContaining("Everyone") },
    ]);
  });
});
