import fs from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { optionsSchemas } from "../../src/config/config.ts";
import { channelShape, settingsSchema } from "../../src/config/schema.ts";
import { shippedWorkspace } from "../../src/workspace/create-workspace.ts";
import { channelOf, configFolder } from "./config-folder.ts";

const shipped = (name: string) => fs.readFile(join(shippedWorkspace, name), "utf8");

/** Every key that a schema has anywhere. */
function keysOf(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  const own = "properties" in node ? Object.keys(node.properties ?? {}) : [];
  return [...own, ...Object.values(node).flatMap(keysOf)];
}

const allKeys = [settingsSchema, z.object(channelShape), ...Object.values(optionsSchemas)].flatMap(
  (schema) => keysOf(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })),
);

describe("default_workspace", () => {
  test("config.user.yaml serves with the offline model, and both platforms off", async () => {
    const { load } = await configFolder({ user: await shipped("config.user.yaml") });
    const { config, warnings } = await load();
    expect(config.llm).toEqual({ provider: "offline" });
    expect(config.channelsOff.map(({ name }) => name)).toEqual(["telegram", "discord"]);
    expect(config.terminal.enabled).toBe(true);
    expect(warnings).toEqual([]);
  });

  // weaknesses.md W-A1, 3.6 #12.
  test("config.user.yaml serves Telegram as soon as .env has its token", async () => {
    const { load } = await configFolder({
      user: await shipped("config.user.yaml"),
      ".env": "TELEGRAM_BOT_TOKEN=123:abc\n",
    });
    const { config, notes } = await load();
    expect(config.channels).toMatchObject({
      telegram: { platform: "telegram", options: { token: "123:abc", allow_from: [] } },
    });
    expect(notes).toContainEqual(expect.stringContaining("become owner with the code"));
  });

  test("config.example.yaml loads without a warning", async () => {
    const { load } = await configFolder({ user: await shipped("config.example.yaml") });
    expect((await load()).warnings).toEqual([]);
  });

  test("config.example.yaml loads with every channel on and everything taken out of comments", async () => {
    const text = (await shipped("config.example.yaml")).replace(
      /^(\s*)# (owner:|webhook:| {2}\w+:)/gm,
      "$1$2",
    );
    const { load } = await configFolder({ user: text });
    const { config } = await load({
      env: {
        TELEGRAM_BOT_TOKEN: "1:a",
        SUPPORT_BOT_TOKEN: "2:b",
        DISCORD_BOT_TOKEN: "c",
        TELEGRAM_WEBHOOK_SECRET: "s",
      },
    });
    expect(Object.keys(config.channels)).toEqual(["telegram", "support-bot", "discord"]);
    expect(channelOf(config, "telegram")?.options).toMatchObject({ webhook: { port: 8443 } });
    expect(config.owner).toMatchObject({ chat: "123456789" });
  });

  test("config.example.yaml shows the defaults that are in force", async () => {
    const example = await configFolder({ user: await shipped("config.example.yaml") });
    const empty = await configFolder({ user: "" });
    const { channels: _, channelsOff: __, llm: ___, ...shown } = (await example.load()).config;
    const { config } = await empty.load();
    expect(config).toMatchObject(shown);
  });

  test("config.example.yaml mentions every key that there is", async () => {
    const text = await shipped("config.example.yaml");
    expect(allKeys.length).toBeGreaterThan(40);
    const missing = allKeys.filter(
      (key) => !new RegExp(`^\\s*(# +)?(.*[{,] )?${key}:`, "m").test(text),
    );
    expect(missing).toEqual([]);
  });

  test(".env.example names the variables of config.user.yaml", async () => {
    const names = [...(await shipped("config.user.yaml")).matchAll(/\$\{(\w+):-/g)].map(
      ([, name]) => name,
    );
    const env = await shipped(".env.example");
    expect(names).toEqual(["TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN"]);
    for (const name of names) expect(env).toContain(`# ${name}=`);
  });
});
