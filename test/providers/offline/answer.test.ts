import { describe, expect, it } from "vitest";
import { answer } from "../../../src/providers/offline/answer.ts";

const now = new Date(2026, 10, 21, 14, 5, 9);
const reply = (...messages: string[]) => answer({ messages, now });

describe("answer", () => {
  it.each(["hi", "Hello!", "hey there", "Good morning."])("greets on %j", (text) => {
    expect(reply(text)).toMatch(/^Hello!/);
  });

  it.each(["help", "Help!", "?", "what can you do?", "How do I configure a real model?"])(
    "tells on %j what it can do and how to configure a real model",
    (text) => {
      const help = reply(text);
      expect(help).toMatch(/\/help/);
      expect(help).toContain("config.user.yaml");
      for (const line of [
        "llm:",
        "  provider: openai-compatible",
        "  api_base: http",
        "  model: ",
        `  api_key: \${LLM_API_KEY}`,
      ]) {
        expect(help).toContain(`\n${line}`);
      }
    },
  );

  it.each([
    "what time is it?",
    "What's the time?",
    "time",
    "date",
    "what day is it today?",
    "What is today's date?",
    "what is the current date and time",
    "which day is today",
  ])("tells time and date of its clock on %j", (text) => {
    expect(reply(text)).toMatch(/^It is 14:05 on Saturday,? 21 November 2026 \(.+\)\.$/);
  });

  it.each([
    ["what is 2+2?", "2+2 = 4"],
    ["12 * (3 + 4)", "12 * (3 + 4) = 84"],
    ["What's 7 times 6?", "7 times 6 = 42"],
    ["calculate 1,000 + 1", "1,000 + 1 = 1001"],
    ["1/0", "1/0 has no result: it divides by zero."],
    ["how much is 10 ÷ 4 =", "10 ÷ 4 = 2.5"],
  ])("calculates %j", (text, wanted) => {
    expect(reply(text)).toBe(wanted);
  });

  it.each([
    ["echo hello", "hello"],
    ["say hello", "hello"],
    ["Echo:  two\nlines  ", "two\nlines"],
    ["repeat after me: ok", "ok"],
  ])("repeats on %j", (text, wanted) => {
    expect(reply(text)).toBe(wanted);
  });

  it.each([
    "message 17",
    "42",
    "2026-11-21",
    "21.11.2026",
    "555-123-4567",
    "12:30",
    "echo",
    "hello world",
    "note",
    "",
  ])("repeats %j, and says that no model is configured", (text) => {
    expect(reply(text)).toBe(
      `You said: ${text}\n\nI am the built-in offline model and no language model is configured, so I cannot say more to that. Say "help" to see what I can do and how to add one.`,
    );
  });

  it("answers a person's own words, not the quote above them", () => {
    expect(reply("> echo one\n\necho two")).toBe("two");
    expect(reply("> just this")).toMatch(/^You said: > just this\n/);
  });

  it("is not held up by long texts", () => {
    const gap = " ".repeat(200_000);
    const texts = [
      "a ".repeat(200_000),
      "1".repeat(400_000),
      "what is ".repeat(50_000),
      `1${gap}2`,
      `> a${"\n".repeat(200_000)}`,
    ];
    const begun = ["hi", "help", "what time is it", "note:", "remember", "notes", "echo", "1 +"];
    for (const text of [...texts, ...begun.map((beginning) => `${beginning}${gap}x`)]) {
      const start = performance.now();
      reply(text);
      expect(performance.now() - start).toBeLessThan(2_000);
    }
  });
});

describe("answer about notes", () => {
  it("lists what the person asked it to remember in this session", () => {
    const said = [
      "remember that my cat is called Tom",
      "hello",
      "note: buy   milk",
      "Please remember to call Ann",
    ];
    expect(reply(...said, "what do you remember?")).toBe(
      "I remember:\n- my cat is called Tom\n- buy milk\n- call Ann",
    );
    expect(reply(...said, "notes")).toBe(reply(...said, "what do you remember about me?"));
  });

  it("confirms a note", () => {
    expect(reply("remember that my cat is called Tom")).toBe(
      "I will remember: my cat is called Tom",
    );
  });

  it("forgets everything when asked to", () => {
    expect(reply("note: a", "forget everything")).toBe("I have forgotten all notes.");
    expect(reply("note: a", "forget everything", "note: b", "notes")).toBe("I remember:\n- b");
    expect(reply("forget everything")).toBe("There was nothing to forget.");
  });

  it("has none at first, and takes no question for one", () => {
    expect(reply("notes")).toMatch(/^I have no notes yet/);
    expect(reply("do you remember me?", "remember?", "notes")).toMatch(/^I have no notes yet/);
  });
});
