import { expect, test } from "vitest";
import { userText } from "../../src/agents/user-text.ts";

test("userText gives the message itself", () => {
  expect(userText({ content: " hello\n" })).toBe("hello");
});

test("userText quotes the replied-to text in one line above", () => {
  const replyTo = { messageId: "1", text: "first\n second" };
  expect(userText({ content: "why?", replyTo })).toBe("> first second\n\nwhy?");
});

test("userText shortens a long quote without breaking a character", () => {
  const replyTo = { messageId: "1", text: "🥒".repeat(600) };
  expect(userText({ content: "why?", replyTo })).toBe(`> ${"🥒".repeat(500)}…\n\nwhy?`);
});

// weaknesses.md W-I6.
test("userText names what came beside the text", () => {
  const attachments = [{ kind: "photo" }, { kind: "document", name: "a.pdf" }];
  expect(userText({ content: "look", attachments })).toBe("look\n\n[photo] [document: a.pdf]");
  expect(userText({ content: "", attachments: [{ kind: "voice" }] })).toBe("[voice]");
});

test("userText is never empty", () => {
  expect(userText({ content: "  " })).toBe("(empty message)");
  expect(userText({ content: "", replyTo: { messageId: "1" } })).toBe("(empty message)");
});
