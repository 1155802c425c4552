import { afterEach, describe, expect, it } from "vitest";
import { telegramOptionsSchema } from "../../../src/channels/telegram/options.ts";
import { createTelegramRig } from "./telegram-rig.ts";

describe("telegram check", () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await close?.();
  });

  async function setUp(config: Readonly<Record<string, unknown>>, readsAll = false) {
    const rig = await createTelegramRig({
      config,
      bots: [{ token: "1:secret-x", username: "my_bot", readsAllGroupMessages: readsAll }],
    });
    close = rig.fake.close;
    const check = async () => {
      const findings = (await rig.channel.check?.(new AbortController().signal)) ?? [];
      expect(JSON.stringify(findings)).not.toContain("secret-x");
      return findings.map(({ level, text }) => `${level}: ${text}`);
    };
    return { fake: rig.fake, check };
  }

  it("finds nothing wrong with a good set-up", async () => {
    const { check } = await setUp({ allow_from: [42] });
    expect(await check()).toEqual([
      "ok: The token is accepted: @my_bot",
      "ok: No webhook is set; 0 updates wait",
    ]);
  });

  it("changes nothing", async () => {
    const { fake, check } = await setUp({});
    await check();
    expect(fake.requests().map(({ name }) => name)).toEqual(["getMe", "getWebhookInfo"]);
  });

  it("finds a refused token, an unreachable server, an empty and an open list", async () => {
    const { fake, check } = await setUp({});
    expect(await check()).toContainEqual(expect.stringContaining("warning: Nobody is named"));
    fake.revoke(true, "1:secret-x");
    expect(await check()).toContainEqual(expect.stringContaining("problem: The token is refused"));
    await fake.stop();
    expect(await check()).toContainEqual(expect.stringContaining("ECONNREFUSED"));
    await close?.();
    const open = await setUp({ allow_from: ["*"] });
    expect(await open.check()).toContainEqual(expect.stringContaining("warning: Everyone"));
  });

  it("finds a webhook where polling is configured", async () => {
    const { fake, check } = await setUp({ allow_from: [42] });
    await fetch(`${fake.url}/bot1:secret-x/setWebhook?url=http://127.0.0.1:9/x`);
    expect(await check()).toContainEqual(
      expect.stringContaining("problem: Telegram sends the updates to http://127.0.0.1:9/x"),
    );
  });

  it("finds a webhook that is missing, or that Telegram cannot deliver to", async () => {
    const url = "http://127.0.0.1:9/hook";
    const { fake, check } = await setUp({
      allow_from: [42],
      webhook: { url, secret_token: "abc", port: 0 },
    });
    expect(await check()).toContainEqual(
      expect.stringContaining("warning: Telegram has no webhook"),
    );
    await fetch(`${fake.url}/bot1:secret-x/setWebhook?url=${url}`);
    expect(await check()).toContainEqual(expect.stringContaining("ok: The webhook is set"));
    fake.say(42, "hello");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await check()).toContainEqual(expect.stringContaining("could not deliver"));
  });

  it("finds privacy mode on where every message of a group is wanted", async () => {
    const config = { allow_from: [42], groups: { "-1": { mention: false }, "-2": {} } };
    const closed = await setUp(config);
    expect(await closed.check()).toContainEqual(
      expect.stringMatching(/every message of -1: its privacy/),
    );
    await closed.fake.close();
    const open = await setUp(config, true);
    expect(await open.check()).toHaveLength(2);
  });
});

describe("telegramOptionsSchema", () => {
  it("needs nothing but a token", () => {
    expect(telegramOptionsSchema.parse({ token: "1:a" })).toEqual({
      token: "1:a",
      apiRoot: "https://api.telegram.org",
      allow_from: [],
      groups: {},
      replyTo: "groups",
      rate: { perSecond: 30, chatPerSecond: 1, groupPerMinute: 20 },
    });
  });

  it("reads every key", () => {
    const options = telegramOptionsSchema.parse({
      platform: "telegram",
      token: "1:a",
      api_root: "http://127.0.0.1:8081/",
      allow_from: [1, "2"],
      groups: { "-5": { mention: false } },
      webhook: { url: "https://bot.example.org/tg", secret_token: "abc", port: 8443 },
      reply_to: "never",
      rate: { per_second: 0 },
    });
    expect(options).toMatchObject({
      apiRoot: "http://127.0.0.1:8081",
      allow_from: ["1", "2"],
      groups: { "-5": { mention: false } },
      webhook: {
        url: "https://bot.example.org/tg",
        secretToken: "abc",
        host: "127.0.0.1",
        port: 8443,
      },
      replyTo: "never",
      rate: { perSecond: 0, chatPerSecond: 1 },
    });
  });

  it("refuses unknown keys and a webhook without a secret", () => {
    expect(telegramOptionsSchema.safeParse({ token: "1:a", bot: 1 }).success).toBe(false);
    const webhook = { url: "https://a.b/c", port: 1 };
    expect(telegramOptionsSchema.safeParse({ token: "1:a", webhook }).success).toBe(false);
    expect(telegramOptionsSchema.safeParse({ token: "" }).success).toBe(false);
  });
});
