import fc from "fast-check";
import { expect, test } from "vitest";
import { splitTurns, toPrompt } from "../../src/agents/turn-history.ts";
import type { SessionMessage } from "../../src/sessions/session-store.ts";
import { assistantLine, toolCall, toolLine, userLine } from "../builders/session-messages.ts";
import { expectAcceptable, printPrompt } from "./turn-harness.ts";

const turn = fc.constantFrom("t1", "t2", "t3");
const id = fc.constantFrom("a", "b");
const calls = fc
  .uniqueArray(id, { minLength: 1 })
  .map((ids) => ids.map((one) => toolCall({ id: one })));
const line: fc.Arbitrary<SessionMessage> = fc.oneof(
  turn.map((key) => userLine({ turn: key })),
  turn.map((key) => assistantLine({ turn: key })),
  turn.map((key) => assistantLine({ turn: key, ended: "failed", setAside: true })),
  turn.map((key) => userLine({ turn: key, folded: true })),
  fc.record({ turn, toolCalls: calls }).map((given) => assistantLine({ ...given, content: "" })),
  fc.record({ turn, toolCallId: id }).map((given) => toolLine(given)),
);

// weaknesses.md W-T4.
test("toPrompt makes an acceptable prompt of any lines, in whatever order", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.array(calls), (lines, steps) => {
      const current = [
        userLine({ turn: "now" }),
        ...steps.map((toolCalls) => assistantLine({ turn: "now", toolCalls })),
      ];
      const history = splitTurns([...lines, ...current]);
      expectAcceptable(toPrompt("system", history, { turn: "now", lines: current }));
    }),
    { numRuns: 500 },
  );
});

test("toPrompt keeps apart steps whose calls have the same ids", () => {
  const lines = [
    userLine(),
    assistantLine({ content: "", toolCalls: [toolCall()] }),
    toolLine({ content: "one" }),
    assistantLine({ content: "more", toolCalls: [toolCall()] }),
    toolLine({ content: "two", failed: true }),
  ];
  const prompt = toPrompt("system", splitTurns(lines), { turn: "turn-1", lines });
  expect(printPrompt(prompt)).toEqual([
    "user: hello",
    "assistant: note({})",
    "tool: =one",
    "assistant: more note({})",
    "tool: =two",
  ]);
  expect(prompt.at(-1)).toMatchObject({ content: [{ output: { type: "error-text" } }] });
});

// Red when the text stays in the prompt: the next message would kill the process again, if it is the text that kills.
test("toPrompt says of a turn that was set aside only that it was there", () => {
  const poison = [
    userLine({ turn: "old", content: "deadly, too", folded: true }),
    userLine({ turn: "poison", content: "deadly" }),
    assistantLine({ turn: "poison", content: "deadly?", toolCalls: [toolCall()] }),
    toolLine({ turn: "poison", content: "deadly!" }),
    assistantLine({ turn: "poison", content: "I set it aside.", ended: "failed", setAside: true }),
  ];
  const before = [userLine({ turn: "first", content: "hi" }), assistantLine({ turn: "first" })];
  const after = [userLine({ turn: "read", content: "again?", folded: true })];
  const lines = [userLine({ turn: "now", content: "still there?" })];
  const history = splitTurns([...before, ...poison, ...after, ...lines]);
  const prompt = toPrompt("system", history, { turn: "now", lines });
  expectAcceptable(prompt);
  expect(printPrompt(prompt)).toEqual([
    "user: hi",
    "assistant: hello",
    "user: [a message that was set aside; its text is left out]",
    "assistant: [read later, together with the next message]",
    "user: [a message that was set aside; its text is left out]",
    "assistant: I set it aside.",
    "user: again?",
    "assistant: [read later, together with the next message]",
    "user: still there?",
  ]);
});
