// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are what this is about
import { describe, expect, test } from "vitest";
import { channelOf, configFolder, loadText } from "./config-folder.ts";

describe("loadConfig", () => {
  test("fills in every default, so that an empty file serves", async () => {
    const { config, warnings, notes } = await loadText("");
    expect(config).toEqual({
      defaultAgent: "pickle",
      owner: undefined,
      llm: { provider: "offline" },
      channels: {},
      channelsOff: [],
      terminal: { enabled: true },
      delivery: {
        giveUpAfterMs: 86_400_000,
        repeatLabel: "(may be a repeat)",
        concurrency: 64,
      },
      events: { keepDoneMs: 172_800_000, keepDoneCount: 200_000, sync: "full" },
      inbound: { staleAfterMs: 3_600_000 },
      turns: {
        concurrency: 16,
        modelTimeoutMs: 120_000,
        modelIdleTimeoutMs: 60_000,
        toolTimeoutMs: 60_000,
        turnTimeoutMs: 600_000,
        maxSteps: 20,
        giveUpAfterMs: 900_000,
      },
      log: { level: "info" },
    });
    expect([...warnings, ...notes]).toEqual([]);
  });

  test("takes a section that is empty for one that is not there", async () => {
    const { config } = await loadText("llm:\nchannels:\nlog:\nturns:\n  max_steps:\nowner:\n");
    expect(config.turns.maxSteps).toBe(20);
    expect(config.llm).toEqual({ provider: "offline" });
  });

  // weaknesses.md W-C9: readers saw half of an edit.
  test("is frozen, all the way down", async () => {
    const { config } = await loadText("channels: { telegram: { token: 1:a, allow_from: [1] } }");
    const { telegram } = config.channels;
    for (const part of [config, config.turns, config.channels, telegram, telegram?.options]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(Object.isFrozen(telegram?.options.allow_from)).toBe(true);
  });

  // weaknesses.md 3.6 #12.
  test("reads ids as text, with all their digits, whether they are numbers or texts, as keys too", async () => {
    const { config } = await loadText(`
channels:
  discord:
    token: abc
    allow_from: [234567890123456789, "345678901234567890", 42]
    groups:
      1234567890123456789: { allow_from: [9007199254740993] }
      -1001234567890: {}
`);
    const options = channelOf(config, "discord")?.options;
    expect(options?.allow_from).toEqual(["234567890123456789", "345678901234567890", "42"]);
    expect(options?.groups).toEqual({
      "1234567890123456789": { mention: true, allow_from: ["9007199254740993"] },
      "-1001234567890": { mention: true },
    });
  });

  test("reads several channels of one platform", async () => {
    const { config } = await loadText(
      "channels:\n  telegram: { token: 1:a }\n  support-bot: { platform: telegram, token: 2:b }\n  discord: { token: c }\n",
    );
    const found = Object.values(config.channels).map(({ name, platform }) => [name, platform]);
    expect(found).toEqual([
      ["telegram", "telegram"],
      ["support-bot", "telegram"],
      ["discord", "discord"],
    ]);
  });

  test("accepts the older spellings, with a hint for each", async () => {
    const { load, paths } = await configFolder({
      user: `channels:
  enabled: true
  telegram:
    bot_token: 1:a
    allowed_user_ids: ["7"]
`,
    });
    const { config, warnings } = await load();
    expect(channelOf(config, "telegram")?.options).toMatchObject({
      token: "1:a",
      allow_from: ["7"],
    });
    expect(warnings.map((line) => line.replace(paths.userConfig, ""))).toEqual([
      ":4: `bot_token` is the older spelling of `token`; write `token`",
      ":5: `allowed_user_ids` is the older spelling of `allow_from`; write `allow_from`",
      ":2: `channels.enabled` is the older switch for all channels; remove it",
    ]);
  });

  test("switches every channel off by the older master switch, and leaves the terminal", async () => {
    const { config } = await loadText("channels: { enabled: false, telegram: { token: 1:a } }");
    expect(config.channels).toEqual({});
    expect(config.channelsOff).toEqual([
      { name: "telegram", reason: "`channels.enabled` is false" },
    ]);
    expect(config.terminal.enabled).toBe(true);
  });

  test("switches the terminal off", async () => {
    const { config } = await loadText("channels: { terminal: { enabled: false } }");
    expect(config.terminal.enabled).toBe(false);
  });

  test("splits the owner at the first slash", async () => {
    const { config } = await loadText(
      "owner: telegram/a/b\nchannels: { telegram: { token: 1:a } }",
    );
    expect(config.owner).toEqual({ channel: "telegram", chat: "a/b", origin: "user" });
  });

  test("collects the secrets, and no other values", async () => {
    const { secrets } = await loadText(
      "llm: { provider: openai, model: gpt, api_key: sk-1234 }\nchannels: { telegram: { token: 1:a } }",
      { AGENT_API_KEY: "sk-5678", HOME: "/home/x", GITHUB_TOKEN: "" },
    );
    expect(secrets).toEqual(["sk-1234", "1:a", "sk-5678"]);
  });
});

describe("loadConfig on who is let in", () => {
  test("warns of names where only ids can match, each with its line", async () => {
    const { load, paths } = await configFolder({
      user: `owner: telegram/@boss
channels:
  telegram:
    token: 1:a
    allow_from:
      - 42
      - "@alice"
    groups:
      1001234: { mention: true }
      -1001: { allow_from: [bob, "*"] }
  discord:
    token: x.y.z
    allow_from: ["123456789012345678", "carol#1234"]
    groups: { general: {} }
`,
    });
    const { config, warnings } = await load();
    expect(channelOf(config, "telegram")?.options.allow_from).toEqual(["42", "@alice"]);
    const number =
      "write the number; `my-bot status` shows it when that person has written to the bot";
    expect(warnings.map((line) => line.slice(paths.userConfig.length + 1))).toEqual([
      `7: \`channels.telegram.allow_from[1]\` names \`@alice\`, which can never be a user's id; ${number}`,
      "9: `channels.telegram.groups.1001234` names `1001234`, which can never be a group's id; write the group's number with the minus before it, such as -1001234567890",
      `10: \`channels.telegram.groups.-1001.allow_from[0]\` names \`bob\`, which can never be a user's id; ${number}`,
      `13: \`channels.discord.allow_from[1]\` names \`carol#1234\`, which can never be a user's id; ${number}`,
      "14: `channels.discord.groups.general` names `general`, which can never be a channel's id; write the number that Discord copies in developer mode (right click, Copy Channel ID)",
      `1: \`owner\` names \`@boss\`, which can never be a user's id; ${number}`,
    ]);
  });

  test("warns of doors that stand open", async () => {
    const { load, paths } = await configFolder({
      user: 'channels:\n  telegram:\n    token: 1:a\n    allow_from:\n      - "*"\n    groups:\n      "*": {}\n',
    });
    const { warnings } = await load();
    expect(warnings).toEqual([
      `${paths.userConfig}:4: everyone can talk to the bot on channel \`telegram\`; replace "*" by user ids unless this is meant`,
      `${paths.userConfig}:7: channel \`telegram\` answers in every group that the bot is added to; replace "*" by chat ids unless this is meant`,
    ]);
  });

  test("says that a channel lets nobody in, and which way in there is", async () => {
    const unowned = await loadText("channels: { telegram: { token: 1:a } }");
    expect(unowned.notes).toEqual([
      "channel `telegram` lets nobody in yet: its `allow_from` is empty; become owner with the code that the server prints, or add user ids",
    ]);
    const owned = await loadText("owner: telegram/1\nchannels: { telegram: { token: 1:a } }");
    expect(owned.notes).toEqual([
      "channel `telegram` lets nobody in: its `allow_from` is empty; add user ids, or let people in with /pair",
    ]);
  });

  test("joins the person's list with those who were paired, each by its origin", async () => {
    const { load } = await configFolder({
      user: "channels: { telegram: { token: 1:a, allow_from: [1] } }",
      "config.runtime.yaml": 'owner: telegram/2\nallow:\n  telegram: ["2"]\n  gone: ["3"]\n',
    });
    const { config, notes } = await load();
    expect(channelOf(config, "telegram")).toMatchObject({
      paired: ["2"],
      options: { allow_from: ["1"] },
    });
    expect(config.owner).toEqual({ channel: "telegram", chat: "2", origin: "pairing" });
    expect(notes).toEqual([]);
  });

  // weaknesses.md W-C11: what the machine had written hid the person's own edits.
  test("takes the person's own owner before the one who was paired", async () => {
    const { load } = await configFolder({
      user: "owner: telegram/1\nchannels: { telegram: { token: 1:a, allow_from: [1] } }",
      "config.runtime.yaml": "owner: telegram/2\n",
    });
    expect((await load()).config.owner).toMatchObject({ chat: "1", origin: "user" });
  });

  // peers #46.
  test("lets nobody in by a broken runtime file, says so, and leaves the file alone", async () => {
    const { load, paths } = await configFolder({
      user: "channels: { telegram: { token: 1:a, allow_from: [1] } }",
      "config.runtime.yaml": 'owner: telegram/2\nallow:\n  telegram: "2"\n',
    });
    const { config, warnings } = await load();
    expect(channelOf(config, "telegram")?.paired).toEqual([]);
    expect(config.owner).toBeUndefined();
    expect(warnings).toEqual([
      `${paths.runtimeConfig}:3: \`allow.telegram\` is "2"; write a list, such as [a, b]; it counts as empty, and nobody is let in by it, until you correct or remove it`,
    ]);
  });
});

describe("loadConfig puts values in place of names", () => {
  const user = "llm: { provider: openai-compatible, model: ${A}, api_base: http://h/v1 }";
  const modelIn = async (files: Record<string, string>, env: Record<string, string> = {}) => {
    const { load, root } = await configFolder({ user, ...files });
    const { config } = await load({ env, cwdEnvFile: `${root}/cwd/.env` });
    return config.llm.provider === "offline" ? undefined : config.llm.model;
  };

  test("from the environment before .env, and from the workspace's .env before the current folder's", async () => {
    const here = { ".env": "A=workspace", "cwd/.env": "A=current\nB=2" };
    expect(await modelIn(here, { A: "real" })).toBe("real");
    expect(await modelIn(here)).toBe("workspace");
    expect(await modelIn({ "cwd/.env": "A=current" })).toBe("current");
  });

  test("as .env files are written: quotes, export, comments, a byte order mark", async () => {
    expect(await modelIn({ ".env": "\uFEFFA='x y' # name\n" })).toBe("x y");
    expect(await modelIn({ ".env": '# c\n\nexport A="p\\nq"\n' })).toBe("p\nq");
  });

  test("and reports a line in .env that says nothing, without losing the next one", async () => {
    const { load, paths } = await configFolder({ user, ".env": "B=1\nstray\nA=found\n" });
    const { config, warnings } = await load();
    expect(config.llm).toMatchObject({ model: "found" });
    expect(warnings).toEqual([`${paths.env}:2: this line is not a setting; write NAME=value`]);
  });

  test.each([
    ["at the end of the file", 'A="secret\n', 1],
    ["that the next setting's quote ends", "B=1\nA='secret\nC='x'\n", 2],
    ["that another setting follows", 'export A="secret\nB=1\n', 1],
  ])("and names an unclosed quote in .env %s by its line", async (_, text, line) => {
    const { load, paths } = await configFolder({ user, ".env": text });
    const { warnings } = await load();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(`${paths.env}:${line}: the value of A begins with a quote`);
    expect(warnings[0]).not.toContain("secret");
  });

  test.each(["A='\"x'\n", 'A="two\nlines"\n', "A=it's\n", 'A="x" # it\'s\n'])(
    "and takes %j for what it says",
    async (text) => {
      const { load } = await configFolder({ user, ".env": text });
      expect((await load()).warnings).toEqual([]);
    },
  );

  test.each([
    ["in the middle", "delivery: { repeat_label: 'a ${A} b${A}' }", "a 1 b1"],
    ["with a default", "delivery: { repeat_label: ${NONE:-x y} }", "x y"],
    [
      "with a default that YAML would trip over",
      "delivery: { repeat_label: ${NONE:-a, b: [c] #d} }",
      "a, b: [c] #d",
    ],
    ["with a default for what is empty", "delivery: { repeat_label: ${EMPTY:-d} }", "d"],
    ["with an empty default", "delivery: { repeat_label: ${NONE:-} }", ""],
    ["unless it is escaped", "delivery: { repeat_label: $${A} and ${A} }", "${A} and 1"],
    ["in quotes", 'delivery: { repeat_label: "${A}" }', "1"],
    ["in a block", "delivery:\n  repeat_label: |-\n    x ${A}\n    y\n", "x 1\ny"],
    ["leaving other dollars alone", "delivery: { repeat_label: $5 $A }", "$5 $A"],
    [
      "leaving private characters alone",
      "delivery: { repeat_label: \uE07B${A}\uE07D }",
      "\uE07B1\uE07D",
    ],
    ["without reading values as references", "delivery: { repeat_label: ${NESTED} }", "${A}"],
  ])("%s", async (_, text, label) => {
    const { config } = await loadText(text, { A: "1", EMPTY: "", NESTED: "${A}" });
    expect(config.delivery.repeatLabel).toBe(label);
  });

  test("as numbers and as true or false where such are wanted and no quotes stand around", async () => {
    const text =
      "turns: { concurrency: ${N}, model_timeout: ${T} }\nchannels: { terminal: { enabled: ${B} }, telegram: { token: ${N}, allow_from: [${ID}, ${ID2}] } }";
    const { config } = await loadText(text, {
      N: "7",
      T: "5s",
      B: "false",
      ID: "42",
      ID2: "12345678901234567890",
    });
    expect(config.turns).toMatchObject({ concurrency: 7, modelTimeoutMs: 5_000 });
    expect(config.terminal.enabled).toBe(false);
    expect(channelOf(config, "telegram")?.options).toMatchObject({
      token: "7",
      allow_from: ["42", "12345678901234567890"],
    });
    await expect(loadText('turns: { concurrency: "${N}" }', { N: "7" })).rejects.toThrow(
      '`turns.concurrency` is "7"; write a number',
    );
  });

  test("also in a text from another file", async () => {
    const { expand } = await loadText("", { A: "1" });
    expect(expand("x ${A} ${B:-2}")).toBe("x 1 2");
    expect(() => expand("${NOT_SET}")).toThrow("`NOT_SET` is not set");
  });
});

describe("loadConfig on tokens", () => {
  test("switches a channel off whose token is empty, and says in one line how to switch it on", async () => {
    const { load, paths } = await configFolder({
      user: "channels:\n  telegram: { token: ${TG:-}, allow_from: [] }\n  discord: { token: '', allow_from: [] }\n",
    });
    const { config, notes, warnings } = await load();
    expect(config.channels).toEqual({});
    expect(config.channelsOff).toEqual([
      { name: "telegram", reason: "its token is empty" },
      { name: "discord", reason: "its token is empty" },
    ]);
    expect(notes).toEqual([
      `channel \`telegram\` is off: its token is empty; set TG in ${paths.env} to switch it on`,
      "channel `discord` is off: its token is empty; fill it in to switch it on",
    ]);
    expect(warnings).toEqual([]);
  });

  test("asks for no token and no name of a channel that is switched off, and still finds its other mistakes", async () => {
    const { config, notes } = await loadText(
      "channels:\n  discord: { enabled: false, token: ${NOT_SET} }\n  telegram: { enabled: false }\n",
    );
    expect(config.channelsOff.map(({ reason }) => reason)).toEqual([
      "`enabled` is false",
      "`enabled` is false",
    ]);
    expect(notes).toEqual([]);
    await expect(
      loadText("channels:\n  discord: { enabled: false, alow_from: [] }\n"),
    ).rejects.toThrow("unknown key `alow_from`; did you mean `allow_from`?");
  });

  test("reads a token from a file beside the configuration", async () => {
    const { load } = await configFolder({
      user: "channels: { telegram: { token: { file: secrets/telegram } } }",
      "secrets/telegram": "123:abc\n",
    });
    const { config, secrets } = await load();
    expect(channelOf(config, "telegram")?.options.token).toBe("123:abc");
    expect(secrets).toEqual(["123:abc"]);
  });
});
