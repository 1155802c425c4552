import { describe, expect, test } from "vitest";
import type { Platform } from "../../rig/conversation.ts";
import { type KillPoint, sendAnswered, sendArrived, sendPosted } from "../../rig/kill-points.ts";
import { createLedger, partNames } from "../../rig/ledger.ts";
import { type KillReport, runKill } from "../../rig/run-kill.ts";
import { sharedRig } from "../../rig/test-rig.ts";
import { expectKept } from "./expect-kill.ts";

interface SendCase {
  readonly point: KillPoint;
  /** The part that was on its way, from 1. */
  readonly part: number;
  readonly posted: boolean;
  /** Its answer was on the way, and may have been read in time. */
  readonly answered: boolean;
}

/** Protected by the note "sending part k" that is written before a part leaves: without it, the label is missing (seen). */
const arrived = (part: number, parts: number): SendCase => ({
  point: sendArrived(part, parts),
  part,
  posted: false,
  answered: false,
});

/** Protected by the same on Telegram (seen); on Discord by the nonce: with another one each time, the part doubles (seen). */
const posted = (part: number, parts: number): SendCase => ({
  point: sendPosted(part, parts),
  part,
  posted: true,
  answered: false,
});

/** Protected by the rename out of pending/, once the answer is read; until then as above (seen on Discord, +0 and +1). */
const answered = (afterMs: number): SendCase => ({
  point: sendAnswered(afterMs),
  part: 1,
  posted: true,
  answered: true,
});

const CASES: readonly SendCase[] = [
  arrived(1, 1),
  posted(1, 1),
  answered(0),
  answered(1),
  answered(5),
  // From the second part on, protected by the receipts that are noted one by one: without them all starts anew (seen).
  ...[1, 2, 3].map((part) => arrived(part, 3)),
  ...[1, 2, 3].map((part) => posted(part, 3)),
];

export function outboundKills(platform: Platform): void {
  describe(`after SIGKILL on ${platform}, sending goes on`, () => {
    const rigOf = sharedRig({ channels: [platform] });
    let person = 0;

    test.each(CASES)("$point.name", { timeout: 60_000 }, async (sendCase) => {
      const rig = rigOf();
      person += 1;
      const ledger = createLedger(rig.model);
      const chat = rig.person(platform, person);
      const report = await runKill({ rig, ledger, chat }, sendCase.point);
      await expectKept({ rig, ledger, report }, { repeats: 1 });
      // The model's answer was kept before it was sent.
      expect(report.wasAnswered).toBe(true);
      const asTold = platform === "telegram" ? expectLabelledRepeat : expectNoRepeat;
      asTold(sendCase, report);
    });
  });
}

const namesOf = (parts: KillReport["before"]) => parts.map(({ name }) => name);
const labelledOf = (parts: KillReport["before"]) =>
  namesOf(parts.filter(({ labelled }) => labelled));

function wantedParts({ questions }: KillReport): readonly string[] {
  return questions[0] ? partNames(questions[0]) : [];
}

/** Exactly the part in doubt comes after the kill with a label, whether it had been posted or not. */
function expectLabelledRepeat(sendCase: SendCase, report: KillReport): void {
  const names = wantedParts(report);
  if (sendCase.answered) {
    // Its answer may have been read and settled in time, and then the second answer is the one on its way.
    expect(labelledOf(report.after).length).toBeLessThanOrEqual(1);
    return;
  }
  const done = sendCase.part - 1;
  expect(namesOf(report.before)).toEqual(names.slice(0, done + (sendCase.posted ? 1 : 0)));
  expect(namesOf(report.after).slice(0, names.length - done)).toEqual(names.slice(done));
  expect(labelledOf(report.after)).toEqual([names[sendCase.part - 1]]);
  expect(labelledOf(report.before)).toEqual([]);
}

/** What was posted before the kill does not come again; nothing is called a repeat. */
function expectNoRepeat(sendCase: SendCase, report: KillReport): void {
  const names = wantedParts(report);
  const shown = sendCase.part - (sendCase.posted ? 0 : 1);
  if (!sendCase.answered) expect(namesOf(report.before)).toEqual(names.slice(0, shown));
  const both = [...report.before, ...report.after];
  expect(namesOf(both).slice(0, names.length)).toEqual(names);
  expect(labelledOf(both)).toEqual([]);
}
