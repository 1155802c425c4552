// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are what this is about
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/runtime/errors.ts";
import { configFolder, mistakesIn } from "./config-folder.ts";

/** Each mistake in the configuration, to the letter: line, what is wrong, what to do. */
const cases: readonly [name: string, text: string, mistakes: readonly string[]][] = [
  [
    "an unknown key at the top",
    "default_agent: pickle\nchanels: {}\n",
    ["2: unknown key `chanels`; did you mean `channels`?"],
  ],
  [
    "an unknown key in a channel",
    "channels:\n  telegram:\n    token: 1:a\n    alow_from: [1]\n",
    ["4: unknown key `alow_from`; did you mean `allow_from`?"],
  ],
  [
    "a key that another system knows, like nothing here",
    "channels:\n  telegram:\n    token: 1:a\n    home_channel: 5\n",
    [
      "4: unknown key `home_channel`; use one of: platform, token, api_root, allow_from, groups, webhook, reply_to, rate, enabled",
    ],
  ],
  [
    "an unknown key deep in a group",
    "channels:\n  telegram:\n    token: 1:a\n    groups:\n      -100:\n        mentoin: true\n",
    ["6: unknown key `mentoin`; did you mean `mention`?"],
  ],
  [
    "an unknown key in the terminal's settings",
    "channels:\n  terminal: { enable: false }\n",
    ["2: unknown key `enable`; did you mean `enabled`?"],
  ],
  [
    "a text instead of a list, which would let in whoever's id is a part of it",
    'channels:\n  telegram:\n    token: 1:a\n    allow_from: "123456"\n',
    ['4: `channels.telegram.allow_from` is "123456"; write a list, such as [a, b]'],
  ],
  [
    "wrong types in a list",
    "channels:\n  telegram:\n    token: 1:a\n    allow_from:\n      - 1\n      - true\n      - 1.5\n",
    [
      "6: `channels.telegram.allow_from[1]` is true; write a text or a number",
      "7: `channels.telegram.allow_from[2]` is 1.5; write a text or a whole number",
    ],
  ],
  [
    "a section that is none",
    "delivery: 5\nchannels:\n  telegram: yes please\n",
    [
      "1: `delivery` is 5; write a mapping (lines of `key: value` under it)",
      "3: `channels.telegram` is not a mapping; write its options under it, indented",
    ],
  ],
  [
    "a quoted word where true or false is wanted",
    'channels:\n  telegram:\n    token: 1:a\n    enabled: "true"\n',
    ['4: `channels.telegram.enabled` is "true"; write true or false'],
  ],
  [
    "a missing token",
    "channels:\n  telegram:\n    allow_from: [1]\n",
    ["2: `channels.telegram.token` is missing; add it"],
  ],
  [
    "a name that is not set",
    "channels:\n  telegram:\n    token: ${TELEGRAM_BOT_TOKEN}\n",
    [
      "3: `TELEGRAM_BOT_TOKEN` is not set; add TELEGRAM_BOT_TOKEN=… to .env, or write ${TELEGRAM_BOT_TOKEN:-} to do without",
    ],
  ],
  [
    "a reference that is none",
    "llm:\n  provider: openai-compatible\n  api_base: http://x/v1\n  model: ${MODEL-NAME}\n  api_key: ${KEY\n",
    [
      "4: `${MODEL-NAME}` is not a reference; write ${NAME} or ${NAME:-default}, and $${ for these characters themselves",
      "5: `${KEY` is not a reference; write ${NAME} or ${NAME:-default}, and $${ for these characters themselves",
    ],
  ],
  [
    "a secret's file that is not there",
    "channels:\n  telegram:\n    token: { file: secrets/token }\n",
    [
      "3: cannot read the secret in secrets/token: there is no such file; put the secret there, or correct the path",
    ],
  ],
  [
    "an unknown provider",
    "llm:\n  provider: opnai\n",
    ['2: `llm.provider` is "opnai"; did you mean `openai`?'],
  ],
  [
    "an unknown platform",
    "channels:\n  a: { platform: telegarm, token: x }\n  telegarm: { token: x }\n  b: { token: x }\n",
    [
      '2: `channels.a.platform` is "telegarm"; did you mean `telegram`?',
      "3: channel `telegarm` has no platform; did you mean `telegram`?",
      "4: channel `b` has no platform; add `platform: telegram` or `platform: discord`",
    ],
  ],
  [
    "a name that no channel can have",
    "channels:\n  Support Bot: { platform: telegram, token: x }\n",
    ["2: `Support Bot` cannot be the name of a channel; use a-z, 0-9, - and _"],
  ],
  [
    "two channels for one bot",
    "channels:\n  telegram: { token: 1:a }\n  second:\n    platform: telegram\n    token: 1:a\n",
    ["5: channel `second` has the same token as `telegram`; give each its own bot"],
  ],
  [
    "an owner on a channel that there is not",
    "owner: telegarm/123\nchannels:\n  telegram: { token: 1:a }\n",
    ["1: `owner` names channel `telegarm`, which is not configured; did you mean `telegram`?"],
  ],
  [
    "an owner without a channel",
    'owner: "123456"\n',
    ['1: `owner` is "123456"; write <channel>/<user or chat>'],
  ],
  [
    "durations and numbers out of bounds",
    "events:\n  keep_done: 1h\nturns:\n  concurrency: 0\n  model_timeout: soon\n  max_steps: 2.5\n",
    [
      '2: `events.keep_done` is "1h"; write at least 24h',
      "4: `turns.concurrency` is 0; write at least 1",
      '5: `turns.model_timeout` is "soon"; write a duration such as 30s, 10m or 24h',
      "6: `turns.max_steps` is 2.5; write a whole number",
    ],
  ],
  [
    "an address that is none",
    "channels:\n  telegram:\n    token: 1:a\n    api_root: nowhere\n",
    [
      '4: `channels.telegram.api_root` is "nowhere"; write an address that starts with http:// or https://',
    ],
  ],
  [
    "an unknown log level",
    "log: { level: inof }\n",
    ['1: `log.level` is "inof"; did you mean `info`?'],
  ],
  [
    "a key that is there twice",
    "log: {}\nturns: {}\nlog: {}\n",
    ["3: key `log` is here twice; keep one of them"],
  ],
  [
    "an id that is there twice, as number and as text",
    'channels:\n  telegram:\n    token: 1:a\n    groups:\n      -100: {}\n      "-100": {}\n',
    ["6: key `-100` is here twice; keep one of them"],
  ],
  [
    "a spelling in both its forms",
    "channels:\n  telegram:\n    bot_token: 1:a\n    token: 1:b\n",
    ["3: `bot_token` is the older spelling of `token`, which is here too; remove it"],
  ],
  ["a tab", "channels:\n\ttelegram: {}\n", ["2: a tab indents this line; use spaces"]],
  [
    "bad YAML",
    "channels:\n  telegram: { token: x\nlog: {}\n",
    [
      "3: this is not YAML (Flow map in block collection must be sufficiently indented and end with a }); check the indentation, colons and quotes here",
    ],
  ],
  [
    "a list instead of settings",
    "- default_agent: pickle\n",
    ["1: the file does not consist of settings; write lines such as `default_agent: pickle`"],
  ],
  [
    "an alias that contains itself",
    "channels: &all\n  telegram: *all\n",
    ["2: this alias contains itself; write it out"],
  ],
  [
    "several mistakes on one line and on others, all at once and in order",
    "turns: { concurrency: x, maxsteps: 3 }\nlog: { level: no }\nowner: [1]\n",
    [
      "1: unknown key `maxsteps`; did you mean `max_steps`?",
      '1: `turns.concurrency` is "x"; write a number',
      '2: `log.level` is "no"; use one of: debug, info, warn, error, silent',
      "3: `owner` is a list; write a text",
    ],
  ],
];

// weaknesses.md W-A2, 3.6 #12, 6.9: a key that was spelt wrong left the door open.
describe("loadConfig refuses", () => {
  test.each(cases)("%s", async (_, text, mistakes) => {
    expect(await mistakesIn(text)).toEqual(mistakes);
  });

  test("a number in a text from the environment that is none, at its line", async () => {
    const text = "turns:\n  concurrency: ${N}\n";
    expect(await mistakesIn(text, { N: "many" })).toEqual([
      '2: `turns.concurrency` is "many"; write a number',
    ]);
  });

  test("without ever showing a secret", async () => {
    const text =
      "llm: { provider: openai, model: x, api_key: [sk-abc] }\nchannels: { telegram: { token: 1:abc, webhook: { url: https://x, port: 1, secret_token: s p } } }\n";
    const mistakes = (await mistakesIn(text)).join("\n");
    expect(mistakes).toContain("`llm.api_key` is a list; write a text");
    expect(mistakes).toContain(
      "`channels.telegram.webhook.secret_token` is not right; wanted 1 to 256",
    );
    expect(mistakes).not.toMatch(/sk-abc|1:abc|s p/);
  });

  test("a workspace without a configuration, and says how to make one", async () => {
    const { load, paths } = await configFolder({});
    await expect(load()).rejects.toThrow(UserError);
    await expect(load()).rejects.toThrow(
      `Cannot find ${paths.userConfig}: run \`my-bot init\` to make this workspace, or name another with --workspace`,
    );
    await expect(load()).rejects.toMatchObject({ exitCode: 78 });
  });
});
