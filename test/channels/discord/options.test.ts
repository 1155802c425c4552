import { describe, expect, it } from "vitest";
import { discordOptionsSchema } from "../../../src/channels/discord/options.ts";

describe("discordOptionsSchema", () => {
  it("needs only a token, and lets nobody in", () => {
    expect(discordOptionsSchema.parse({ token: "t" })).toEqual({
      token: "t",
      apiRoot: "https://discord.com/api",
      allow_from: [],
      groups: {},
      replyTo: "groups",
    });
  });

  it("takes ids as text, and another API server", () => {
    const parsed = discordOptionsSchema.parse({
      platform: "discord",
      token: "t",
      api_root: "http://127.0.0.1:1/api/",
      allow_from: ["200000000000000001"],
      groups: { "900000000000000010": {} },
      reply_to: "never",
    });
    expect(parsed).toMatchObject({
      apiRoot: "http://127.0.0.1:1/api",
      groups: { "900000000000000010": { mention: true } },
      replyTo: "never",
    });
  });

  it("refuses unknown keys, another platform and an empty token", () => {
    expect(discordOptionsSchema.safeParse({ token: "t", allowfrom: [] }).success).toBe(false);
    expect(discordOptionsSchema.safeParse({ token: "t", platform: "telegram" }).success).toBe(
      false,
    );
    expect(discordOptionsSchema.safeParse({ token: "" }).success).toBe(false);
  });
});
