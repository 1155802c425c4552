import { describe, expect, test } from "vitest";
import { diffChannels } from "../../src/config/diff-channels.ts";
import { loadText } from "./config-folder.ts";

const channels = async (text: string) => (await loadText(`channels:\n${text}`)).config;
const none = { added: [], removed: [], reconnect: [], accessOnly: [] };

describe("diffChannels", () => {
  test("finds nothing in the same configuration", async () => {
    const text = "  telegram: { token: 1:a, allow_from: [1], groups: { -1: {} } }\n";
    expect(diffChannels(await channels(text), await channels(text))).toEqual(none);
  });

  test("finds channels that came, went, or were switched off", async () => {
    const old = await channels("  telegram: { token: 1:a }\n  discord: { token: b }\n");
    const next = await channels(
      "  telegram: { token: 1:a, enabled: false }\n  discord: { token: b }\n  two: { platform: telegram, token: 2:b }\n",
    );
    expect(diffChannels(old, next)).toEqual({ ...none, added: ["two"], removed: ["telegram"] });
  });

  test("connects only that channel anew whose connection changed", async () => {
    const old = await channels("  telegram: { token: 1:a }\n  discord: { token: b }\n");
    const next = await channels("  telegram: { token: 1:c }\n  discord: { token: b }\n");
    expect(diffChannels(old, next)).toEqual({ ...none, reconnect: ["telegram"] });
  });

  test.each([
    "allow_from: [1]",
    "groups: { -1: {} }",
    "reply_to: never",
    "rate: { per_second: 5 }",
  ])("lets the connection be for %s", async (option) => {
    const old = await channels("  telegram: { token: 1:a }\n");
    const next = await channels(`  telegram: { token: 1:a, ${option} }\n`);
    expect(diffChannels(old, next)).toEqual({ ...none, accessOnly: ["telegram"] });
  });
});
