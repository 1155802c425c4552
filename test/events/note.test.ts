import { describe, expect, test } from "vitest";
import {
  EMPTY_NOTE,
  type Note,
  parseNote,
  printNote,
  revivedNote,
  withFailure,
} from "../../src/events/note.ts";

const full: Note = {
  v: 1,
  attempts: 2,
  firstAttemptAt: 10,
  dueAt: 30,
  failures: [{ at: 20, reason: "no answer" }],
  dead: { at: 40, reason: "blocked" },
  progress: {
    sessionId: "s1",
    run: { steps: 2, alone: true },
    deaths: 2,
    stops: "ref",
    givenUp: { reason: "died", publicText: "I stopped." },
    parts: ["a", "b"],
    receipts: ["7"],
    sending: { part: 1, at: 15, boot: "b", after: "41", left: true },
  },
};

describe("a note", () => {
  test.each([EMPTY_NOTE, full])("is parsed back to exactly what was printed", (note) => {
    expect(parseNote(printNote(note))).toEqual(note);
  });

  test("that is cut off is refused at every length", () => {
    const whole = printNote(full).trimEnd();
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => parseNote(whole.slice(0, length))).toThrow(Error);
    }
  });

  test("of a later version is refused", () => {
    expect(() => parseNote(JSON.stringify({ ...full, v: 2 }))).toThrow(/"v"/);
  });
});

describe("withFailure", () => {
  test("counts the attempt, keeps the reason and everything else", () => {
    const failed = withFailure(full, { at: 25, reason: "again" });
    expect(failed).toEqual({
      ...full,
      attempts: 3,
      failures: [...full.failures, { at: 25, reason: "again" }],
    });
  });

  test("counts no attempt that is not to be counted, but keeps the reason", () => {
    const limited = withFailure(EMPTY_NOTE, { at: 1, reason: "slow down" }, false);
    expect(limited).toMatchObject({ attempts: 0, failures: [{ reason: "slow down" }] });
  });

  test("keeps a day's reasons, and the last ones of however many attempts there were", () => {
    let note = EMPTY_NOTE;
    for (let at = 1; at <= 300; at += 1) note = withFailure(note, { at, reason: `reason ${at}` });
    expect(note.attempts).toBe(300);
    expect(note.failures).toHaveLength(250);
    expect(note.failures[0]?.at).toBe(51);
    expect(note.failures.at(-1)?.at).toBe(300);
  });
});

test("revivedNote keeps what was learned and the reasons, and forgets what led to the giving up", () => {
  const { sessionId, stops, parts, receipts, sending } = full.progress;
  expect(revivedNote(full)).toEqual({
    ...EMPTY_NOTE,
    failures: full.failures,
    progress: { sessionId, stops, parts, receipts, sending, revived: 1 },
  });
});
