import { describe, expect, test } from "vitest";
import { connectionText } from "../../src/config/connection-text.ts";
import { channelOf, configFolder } from "./config-folder.ts";

async function connection(options: string, { platform = "telegram", paired = "" } = {}) {
  const { load } = await configFolder({
    user: `channels: { a: { platform: ${platform}, ${options} } }`,
    "config.runtime.yaml": `allow: { a: [${paired}] }`,
  });
  const channel = channelOf((await load()).config, "a");
  if (!channel) throw new Error("The channel is off");
  return connectionText(channel);
}

describe("connectionText", () => {
  test("is the same for the same configuration", async () => {
    expect(await connection("token: 1:a, groups: { -1: {} }")).toBe(
      await connection("groups: { -1: {} }, token: 1:a"),
    );
  });

  test.each(["token: 1:b", "token: 1:a, api_root: http://127.0.0.1:1"])(
    "changes with what a connection is made with: %s",
    async (options) => {
      expect(await connection(options)).not.toBe(await connection("token: 1:a"));
    },
  );

  test.each([
    "allow_from: [1]",
    "groups: { -1: {} }",
    "reply_to: never",
    "rate: { per_second: 5 }",
  ])("stays, so that nothing connects anew, for %s", async (option) => {
    expect(await connection(`token: 1:a, ${option}`)).toBe(await connection("token: 1:a"));
  });

  test("stays when someone is let in by pairing", async () => {
    expect(await connection("token: 1:a", { paired: "7" })).toBe(await connection("token: 1:a"));
  });

  test("changes with the named users where a conversation with each is opened at the start", async () => {
    const platform = "discord";
    const before = await connection("token: a", { platform });
    expect(await connection("token: a, allow_from: [7]", { platform })).not.toBe(before);
    expect(await connection("token: a", { platform, paired: "7" })).not.toBe(before);
  });
});
