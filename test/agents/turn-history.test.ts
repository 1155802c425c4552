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
