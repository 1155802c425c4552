import { describe, expect, test } from "vitest";
import type { Conversation } from "../rig/conversation.ts";
import type { Death } from "../rig/deaths.ts";
import type { Ledger, Verdict } from "../rig/ledger.ts";
import { unexplainedRepeats, withoutParked } from "../rig/random-kills.ts";
import { readOptions } from "./options.ts";
import { percentiles } from "./tally.ts";

const CHAT = "telegram/1001";
const NONE: Verdict = { lost: [], outOfOrder: [], repeats: [], strange: [] };

const deathsAt = (...times: readonly number[]): readonly Death[] =>
  times.map((endedAt) => ({
    ...{ startedAt: endedAt - 10, endedAt, readyAt: undefined, modelRequests: 0 },
    answered: new Set<string>(),
    owed: new Set<string>(),
  }));

/** One question that was asked at 100 and never answered. */
function ledgerWith(verdict: Partial<Verdict>): Ledger {
  const chat: Conversation = {
    platform: "telegram",
    name: CHAT,
    user: "1001",
    say: () => "1",
    shown: () => [],
    sends: "sendMessage",
    onSend: () => () => undefined,
    typings: () => [],
  };
  const question = { id: "q1001n1", parts: 1, tool: false, askedAt: 100 };
  return {
    ask: () => question,
    asked: () => [{ chat, questions: [question] }],
    judge: () => ({ ...NONE, lost: ["q1001n1.1/1"], ...verdict }),
    modelCalls: () => 3,
    shown: () => [],
  };
}

const notice = {
  chat: CHAT,
  text: "I stopped 3 times while working on this message, so I set it aside.",
  at: 500,
};

describe("withoutParked", () => {
  test("takes a lost answer for parked after three deaths and a notice", () => {
    const judged = withoutParked(ledgerWith({ strange: [notice] }), deathsAt(200, 300, 400));
    expect(judged).toEqual({ verdict: NONE, parked: 1 });
  });

  test.each([
    { why: "two deaths are too few", strange: [notice], deaths: [200, 300] },
    { why: "deaths before the question do not count", strange: [notice], deaths: [50, 60, 200] },
    { why: "nobody was told", strange: [], deaths: [200, 300, 400] },
    {
      why: "something else was told",
      strange: [{ ...notice, text: "I am tired." }],
      deaths: [200, 300, 400],
    },
    {
      why: "somebody else was told",
      strange: [{ ...notice, chat: "telegram/1002" }],
      deaths: [200, 300, 400],
    },
  ])("leaves it lost: $why", ({ strange, deaths }) => {
    const judged = withoutParked(ledgerWith({ strange }), deathsAt(...deaths));
    expect(judged).toEqual({ verdict: { ...NONE, lost: ["q1001n1.1/1"], strange }, parked: 0 });
  });
});

describe("unexplainedRepeats", () => {
  const repeat = (from: number, at: number) => ({
    ...{ chat: CHAT, platform: "telegram" as const, part: "q1001n1.1/1", labelled: true },
    ...{ from, at },
  });

  test("needs a kill of its own between the showings of each", () => {
    const first = repeat(1_000, 2_000);
    const second = repeat(2_000, 3_000);
    expect(unexplainedRepeats([first, second], deathsAt(1_500, 2_500))).toEqual([]);
    expect(unexplainedRepeats([first, second], deathsAt(1_500))).toEqual([second]);
    expect(unexplainedRepeats([first], deathsAt(5_000))).toEqual([first]);
  });
});

describe("percentiles", () => {
  test("are times that were measured", () => {
    const times = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(times)).toEqual({ count: 100, p50: 50, p95: 95 });
    expect(percentiles([])).toEqual({ count: 0, p50: undefined, p95: undefined });
  });
});

describe("readOptions", () => {
  test("has each point five times, or once if it is to be quick", () => {
    expect(readOptions([], 7)).toMatchObject({ times: 5, seed: 8, quick: false });
    expect(readOptions(["--quick"], 7)).toMatchObject({ times: 1, quick: true });
  });

  test.each([
    [["--times", "0"], /--times "0"/],
    [["--platform", "slack"], /telegram, discord/],
    [["--bot", "other"], /grammY runner/],
    [["--nonsense"], /nonsense/],
  ])("refuses %j with words", (args, words) => {
    expect(() => readOptions(args, 0)).toThrow(words);
  });
});
