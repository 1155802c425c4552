import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventSource, parseSource, printSource } from "../../src/events/source.ts";

const platform = (
  given: Partial<Extract<EventSource, { kind: "platform" }>> = {},
): EventSource => ({
  kind: "platform",
  platform: "telegram",
  channel: "telegram",
  user: "12345",
  chat: "67890",
  ...given,
});

describe("a source", () => {
  // reference/weaknesses.md 3.1, test_source and test_websocket_event_source.
  const known: readonly [string, EventSource][] = [
    ["agent:pickle", { kind: "agent", id: "pickle" }],
    ["cron:daily-summary", { kind: "cron", id: "daily-summary" }],
    ["cron:a:b", { kind: "cron", id: "a:b" }],
    ["platform-telegram:12345:67890", platform()],
    ["platform-discord:12345:67890", platform({ platform: "discord", channel: "discord" })],
    [
      "platform-cli:cli-user",
      platform({ platform: "cli", channel: "terminal", user: "cli-user", chat: "cli-user" }),
    ],
    [
      "platform-ws:user-123",
      platform({ platform: "ws", channel: "ws", user: "user-123", chat: "user-123" }),
    ],
    [
      "platform-ws:tenant:7:user",
      platform({ platform: "ws", channel: "ws", user: "tenant:7:user", chat: "tenant:7:user" }),
    ],
    ["platform-telegram@support-bot:12345:67890", platform({ channel: "support-bot" })],
    [
      "platform-cli@second:cli-user",
      platform({ platform: "cli", channel: "second", user: "cli-user", chat: "cli-user" }),
    ],
    ["platform-telegram:12345:67890:5", platform({ thread: "5" })],
    ["platform-telegram@a:12345:-100:5", platform({ channel: "a", chat: "-100", thread: "5" })],
    ["platform-telegram:a%3Ab:c%25d", platform({ user: "a:b", chat: "c%d" })],
  ];

  test.each(known)("prints and parses %s", (text, source) => {
    expect(printSource(source)).toBe(text);
    expect(parseSource(text)).toEqual(source);
  });

  test.each(["🐈‍⬛", "x".repeat(1000), "%3A", "100%", "::", "a b", "größe", "\n", "@", "../.."])(
    "keeps a user named %j",
    (name) => {
      for (const source of [
        platform({ user: name }),
        platform({ chat: name }),
        platform({ thread: name }),
        platform({ platform: "ws", channel: "ws", user: name, chat: name }),
      ]) {
        expect(parseSource(printSource(source))).toEqual(source);
      }
    },
  );

  test.each([
    "",
    "nonsense",
    "unknown:1",
    "platform-:1:2",
    "platform-telegram",
    "platform-telegram:",
    "platform-telegram:1",
    "platform-telegram:1:",
    "platform-telegram::2",
    "platform-telegram:1:2:",
    "platform-telegram:1:2:3:4",
    "platform-telegram@:1:2",
    "platform-Telegram:1:2",
    "platform-ws:",
    "cron:",
    "agent",
    "websocket:user",
  ])("refuses %j", (text) => {
    expect(() => parseSource(text)).toThrow(TypeError);
    expect(() => parseSource(text)).toThrow(`Cannot parse source "${text}"`);
  });

  const part = fc.oneof(
    fc.string({ minLength: 1, unit: "binary" }),
    fc.stringMatching(/^[:%3AFa2@-]+$/),
    fc.bigInt().map(String),
  );
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const channel = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/);
  const oneChat = fc
    .record({ platform: fc.constantFrom("ws", "cli"), channel, user: part })
    .map(({ user, ...rest }) => platform({ ...rest, user, chat: user }));
  const conversation = fc
    .record(
      { platform: word, channel, user: part, chat: part, thread: part },
      { requiredKeys: ["platform", "channel", "user", "chat"] },
    )
    .filter(({ platform: name }) => name !== "ws" && name !== "cli")
    .map((given): EventSource => ({ kind: "platform", ...given }));
  const plain = fc.record({ kind: fc.constantFrom("cron" as const, "agent" as const), id: part });
  const anySource: fc.Arbitrary<EventSource> = fc.oneof(oneChat, conversation, plain);

  test("is parsed back to exactly what was printed, whatever it holds", () => {
    fc.assert(
      fc.property(anySource, (source) => {
        expect(parseSource(printSource(source))).toEqual(source);
      }),
      { numRuns: 2000 },
    );
  });

  test("prints differently from any other source", () => {
    fc.assert(
      fc.property(anySource, anySource, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(printSource(a)).not.toBe(printSource(b));
      }),
      { numRuns: 2000 },
    );
    // The pairs that a careless separator would make one.
    const alike = [
      platform({ user: "1:2", chat: "3" }),
      platform({ user: "1", chat: "2:3" }),
      platform({ user: "1", chat: "2", thread: "3" }),
      platform({ user: "1%3A2", chat: "3" }),
      platform({ channel: "telegram-2", user: "1", chat: "2" }),
    ];
    expect(new Set(alike.map(printSource)).size).toBe(alike.length);
  });
});
