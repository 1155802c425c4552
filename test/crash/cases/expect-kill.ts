import { expect } from "vitest";
import type { Platform } from "../../rig/conversation.ts";
import type { Ledger } from "../../rig/ledger.ts";
import type { Rig } from "../../rig/rig.ts";
import type { KillReport } from "../../rig/run-kill.ts";
import { waitSettled } from "../../rig/test-rig.ts";

const NOTHING_WRONG = { lost: [], outOfOrder: [], strange: [] };

/**
 * What holds after any kill: every question answered whole and in order, at most `repeats` parts twice (Telegram alone,
 * and labelled), no model call after the answer was in the history, nothing owed, nothing given up or set aside.
 */
export async function expectKept(
  { rig, ledger, report }: { rig: Rig; ledger: Ledger; report: KillReport },
  { repeats }: { readonly repeats: number },
): Promise<void> {
  await waitSettled(rig);
  const verdict = ledger.judge();
  expect(verdict).toMatchObject(NOTHING_WRONG);
  expect(verdict.repeats.length).toBeLessThanOrEqual(repeats);
  expect(verdict.repeats.filter(({ labelled }) => !labelled)).toEqual([]);
  expect(verdict.repeats.filter(({ platform }) => platform === "discord")).toEqual([]);
  expect(report.callsAfter).toBeLessThanOrEqual(report.wasAnswered ? 0 : 1);
  expect((await rig.status()).events).toMatchObject({ failed: 0, quarantined: 0 });
}

/** One part may come twice on Telegram, which knows no idempotency; none on Discord. */
export const repeatsAllowed = (platform: Platform): number => (platform === "telegram" ? 1 : 0);
