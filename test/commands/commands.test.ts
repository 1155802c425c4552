import { describe, expect, test } from "vitest";
import type { AgentDetails, CommandContext, Stopped } from "../../src/commands/command.ts";
import { createCommands, parseCommand } from "../../src/commands/commands.ts";
import { UserError } from "../../src/runtime/errors.ts";
import type { Log } from "../../src/runtime/log.ts";
import type { Session, SessionMessage } from "../../src/sessions/session-store.ts";

const SOURCE = "platform-telegram:42:42";
const SECRET = "You are Pickle. The safe's number is 1234.";

const pickle: AgentDetails = {
  id: "pickle",
  name: "Pickle",
  description: "A friendly cat",
  model: "qwen3:8b",
  prompt: SECRET,
};
const cookie: AgentDetails = {
  ...pickle,
  id: "cookie",
  name: "Cookie",
  description: "Keeps memories",
  soul: "Sweet.",
};
const session: Session = {
  id: "s1",
  agentId: "cookie",
  source: SOURCE,
  createdAt: Date.UTC(2030, 0, 1),
};
const said: SessionMessage = { role: "user", turn: "t1", timestamp: 1, content: "hi" };

interface Given {
  readonly session?: Session;
  readonly stopped?: Stopped;
  readonly clearFails?: unknown;
  readonly agents?: readonly AgentDetails[];
}

function setUp(given: Given = {}) {
  const cleared: string[] = [];
  const logged: unknown[] = [];
  const agents = given.agents ?? [pickle, cookie];
  const note = (fields: unknown) => void logged.push(fields);
  const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
  const commands = createCommands({
    log,
    sessions: {
      current: (source) => (source === SOURCE ? given.session : undefined),
      read: async (id) => (id === given.session?.id ? [said, said, said] : []),
      async clear(source) {
        if (given.clearFails !== undefined) throw given.clearFails;
        cleared.push(source);
        return given.session !== undefined;
      },
    },
    agents: {
      list: async () => agents,
      get: async (id) => agents.find((agent) => agent.id === id),
      idFor: (source) => (source === SOURCE ? (given.session?.agentId ?? "pickle") : "nobody"),
    },
    grantAccess: async (code) =>
      code === "GOODCODE" ? { channel: "telegram", sender: { id: "43", name: "Bob" } } : undefined,
  });
  const context: CommandContext = {
    source: SOURCE,
    channel: "telegram",
    platform: "telegram",
    sender: { id: "42" },
    isOwner: false,
    acceptedAt: Date.UTC(2030, 0, 2),
    stop: async () => given.stopped ?? { stopped: false, waiting: 0 },
  };
  /** What is answered to this message, sent by the owner or by somebody else who is let in. */
  async function answer(text: string, isOwner: boolean): Promise<string> {
    const command = commands.find(text);
    if (!command) throw new Error(`No command in "${text}"`);
    return commands.run(command, { ...context, isOwner });
  }
  return {
    commands,
    cleared,
    logged,
    say: (text: string) => answer(text, false),
    ownerSays: (text: string) => answer(text, true),
  };
}

describe("parseCommand", () => {
  test.each([
    ["/help", { name: "help", args: "" }],
    ["/HELP", { name: "help", args: "" }],
    ["  /help  ", { name: "help", args: "" }],
    ["/?", { name: "help", args: "" }],
    ["/help@MyBot", { name: "help", args: "" }],
    ["/agents", { name: "agent", args: "" }],
    ["/Agent@my_bot  cookie ", { name: "agent", args: "cookie" }],
    ["/pair\nABCD 1234", { name: "pair", args: "ABCD 1234" }],
  ])("reads %j", (text, command) => {
    expect(parseCommand(text)).toEqual(command);
  });

  test.each([
    "",
    "/",
    "//help",
    "/ help",
    "help",
    "say /help",
    "/helpme",
    "/help/me",
    "/@MyBot",
    "/constructor",
    "/etc/passwd is a file",
  ])("leaves %j to the model", (text) => {
    expect(parseCommand(text)).toBeUndefined();
  });
});

describe("commands", () => {
  test("offer platforms a menu that they accept", () => {
    const { menu } = setUp().commands;
    const names = menu.map(({ name }) => name);
    expect(names).toEqual(["start", "help", "agent", "clear", "session", "stop", "pair"]);
    for (const { name, description } of menu) {
      // Telegram's rule, which is the narrowest.
      expect(name).toMatch(/^[a-z0-9_]{1,32}$/);
      expect(description).toMatch(/^.{3,100}$/);
    }
  });

  test("/help lists all with their aliases", async () => {
    const text = await setUp().say("/help");
    expect(text.split("\n")).toEqual([
      "**Available Commands:**",
      "/start - Say hello",
      "/help, /? - Show available commands",
      "/agent, /agents - List agents or show agent details",
      "/clear - Clear conversation and start fresh",
      "/session - Show current session details",
      "/stop - Stop the answer that is being made",
      "/pair - Let someone in by their code (owner)",
    ]);
  });

  test("/start says who answers and names /help", async () => {
    const text = await setUp().say("/start");
    expect(text).toBe(
      "Hello! **Pickle** answers here: just write a message. /help shows the commands.",
    );
  });

  test("/start with a code tells a new owner what that means, and nobody else", async () => {
    const { say, ownerSays } = setUp();
    expect(await ownerSays("/start A1B2C3")).toContain("✓ You are the owner of this bot.");
    expect(await ownerSays("/start A1B2C3")).toContain("/pair CODE");
    expect(await say("/start A1B2C3")).toBe(await say("/start"));
    expect(await ownerSays("/start")).toBe(await say("/start"));
  });

  test("/start names an agent by its id when its definition is missing", async () => {
    expect(await setUp({ agents: [] }).say("/start")).toContain("**pickle** answers here");
  });

  test("/clear that is run again after a crash leaves a session that began since", async () => {
    const { say, cleared } = setUp({ session: { ...session, createdAt: Date.UTC(2030, 0, 3) } });
    expect(await say("/clear")).toBe("✓ Conversation cleared. Next message starts fresh.");
    expect(cleared).toEqual([]);
  });

  test("/clear parts this source from its session", async () => {
    const { say, cleared } = setUp({ session });
    expect(await say("/clear")).toBe("✓ Conversation cleared. Next message starts fresh.");
    expect(cleared).toEqual([SOURCE]);
  });

  test("/session shows the session, its own agent and its length", async () => {
    expect((await setUp({ session }).say("/session")).split("\n")).toEqual([
      "**Session ID:** s1",
      "**Agent:** Cookie (cookie)",
      "**Created:** 2030-01-01T00:00:00.000Z",
      "**Messages:** 3",
      `**Source:** ${SOURCE}`,
    ]);
  });

  test("/session says that there is none yet, and who will answer", async () => {
    expect((await setUp().say("/session")).split("\n")).toEqual([
      "**Session ID:** none yet, the next message starts one",
      "**Agent:** Pickle (pickle)",
      "**Created:** not yet",
      "**Messages:** 0",
      `**Source:** ${SOURCE}`,
    ]);
  });

  test("/session shows the id of an agent whose definition is gone", async () => {
    const text = await setUp({ session, agents: [pickle] }).say("/session");
    expect(text).toContain("**Agent:** Unknown (cookie)");
  });

  test("/agent lists the agents and marks the one that answers here", async () => {
    expect((await setUp({ session }).say("/agent")).split("\n")).toEqual([
      "**Agents:**",
      "- `pickle`: A friendly cat",
      "- `cookie`: Keeps memories (current)",
    ]);
  });

  test("/agent says so when there are none", async () => {
    expect(await setUp({ agents: [] }).say("/agents")).toBe("No agents configured.");
  });

  test("/agent shows the prompts to the owner, SOUL.md only if there is one", async () => {
    const { ownerSays } = setUp();
    expect((await ownerSays("/agent cookie")).split("\n")).toEqual([
      "**Agent:** `cookie`",
      "**Name:** Cookie",
      "**Description:** Keeps memories",
      "**LLM:** qwen3:8b",
      "",
      "**AGENT.md:**",
      "```",
      SECRET,
      "```",
      "",
      "**SOUL.md:**",
      "```",
      "Sweet.",
      "```",
    ]);
    expect(await ownerSays("/agent pickle")).not.toContain("SOUL.md");
  });

  // weaknesses.md W-A10: any person could read the prompts.
  test("/agent keeps the prompts from everybody else", async () => {
    const text = await setUp().say("/agent cookie");
    expect(text).toContain("**Name:** Cookie");
    expect(text).not.toContain("1234");
    expect(text).not.toContain("Sweet");
  });

  test("/agent fences a prompt that has fences of its own", async () => {
    const agents = [{ ...pickle, prompt: "```js\n1\n```\n" }];
    expect(await setUp({ agents }).ownerSays("/agent pickle")).toContain(
      "**AGENT.md:**\n````\n```js\n1\n```\n````",
    );
  });

  // weaknesses.md W-T13: an agent that is not there ended in the model's own words.
  test("/agent says that an agent is not there, in one tame line", async () => {
    const { say } = setUp();
    expect(await say("/agent x")).toBe("✗ Agent `x` not found.");
    const text = await say(`/agent a\n\`b\` ${"😀".repeat(500)}`);
    expect(text).toBe(`✗ Agent \`a b ${"😀".repeat(36)}\` not found.`);
  });

  test.each([
    [0, "✓ Stopped."],
    [1, "✓ Stopped. 1 more message waits for an answer."],
    [2, "✓ Stopped. 2 more messages wait for an answer."],
  ])("/stop says that it has stopped, and that %i wait", async (waiting, text) => {
    expect(await setUp({ stopped: { stopped: true, waiting } }).say("/stop")).toBe(text);
  });

  test("/stop says when nothing is running", async () => {
    expect(await setUp().say("/stop")).toBe("Nothing is running.");
  });

  test("/pair lets in whoever was given the code, when the owner says so", async () => {
    const { ownerSays } = setUp();
    expect(await ownerSays("/pair GOODCODE")).toBe("✓ Bob (43) can talk to me on telegram now.");
    expect(await ownerSays("/pair BADCODE")).toMatch(/^✗ This code is not known/);
    expect(await ownerSays("/pair")).toMatch(/^Usage: /);
  });

  // weaknesses.md W-A10.
  test("/pair refuses everybody else, with a good code too", async () => {
    expect(await setUp().say("/pair GOODCODE")).toMatch(/^✗ Only the owner/);
  });
});

describe("a command that fails", () => {
  const diskFull = Object.assign(new Error("ENOSPC: no space left, write '/home/ada/.history'"), {
    code: "ENOSPC",
  });

  test("answers in words without paths when the machine is in trouble, and logs the rest", async () => {
    const { say, logged } = setUp({
      clearFails: new Error("Cannot append to the index", { cause: diskFull }),
    });
    const text = await say("/clear");
    expect(text).toBe(
      "✗ /clear did not work: the server has trouble with its disk or network (ENOSPC). Try again later.",
    );
    expect(logged).toMatchObject([{ command: "clear", source: SOURCE }]);
  });

  test("answers with the reason when a person made a mistake", async () => {
    const { say } = setUp({ clearFails: new UserError("Cannot clear: read only") });
    expect(await say("/clear")).toBe("✗ /clear did not work: Cannot clear: read only");
  });

  test.each([
    new TypeError("x is not a function"),
    Object.assign(new TypeError("bad argument"), { code: "ERR_INVALID_ARG_TYPE" }),
    "a stray value",
  ])("rejects on a bug: %s", async (clearFails) => {
    await expect(setUp({ clearFails }).say("/clear")).rejects.toBe(clearFails);
  });

  test("rejects when asked for a command that does not exist", async () => {
    const { commands } = setUp();
    const context = {
      source: SOURCE,
      channel: "c",
      platform: "p",
      sender: { id: "1" },
      isOwner: true,
      acceptedAt: Date.UTC(2030, 0, 2),
      stop: async () => ({ stopped: false, waiting: 0 }),
    };
    await expect(commands.run({ name: "constructor", args: "" }, context)).rejects.toThrow(
      'Cannot run command "constructor": there is none',
    );
  });
});
