import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../../contracts/recording-receiver.ts";
import type { Platform } from "../../rig/conversation.ts";
import {
  confirmed,
  fetched,
  type KillPoint,
  modelAnswered,
  modelInFlight,
} from "../../rig/kill-points.ts";
import { createLedger } from "../../rig/ledger.ts";
import { answered, runKill } from "../../rig/run-kill.ts";
import { sharedRig, waitSettled } from "../../rig/test-rig.ts";
import { expectKept } from "./expect-kill.ts";

/**
 * Points before the answer is sent. Each protection was taken out once, and the tests named beside it were seen to fail.
 */
const POINTS: readonly KillPoint[] = [
  // Protected by confirming a batch only when it is durable: without it +5, +40 and "confirmation taken" lose messages.
  ...fetched(0),
  ...fetched(5),
  ...fetched(40),
  // Protected by the message's key: without it "confirmation arrived" answers twice.
  confirmed(false),
  confirmed(true),
  // Protected by settling a message only with its reply: settled when it is claimed, this and all below are lost.
  modelInFlight,
  // Protected by the answer's line in the session, which is looked for first: without it +20 asks the model again.
  modelAnswered(0),
  modelAnswered(5),
  modelAnswered(20),
];

/** At the others, a fast machine may be sending the answer already. */
const NOTHING_SENT = ["message fetched, +0 ms", "model call in flight"];

/** Longer than what a start counts as "just now". */
const DEAD_MS = 3_500;

export function inboundKills(platform: Platform): void {
  describe(`after SIGKILL on ${platform}, the server answers once and in order`, () => {
    const rigOf = sharedRig({ channels: [platform] });
    const points = POINTS.filter((point) => (point.platform ?? platform) === platform);
    let person = 0;

    test.each(points)("$name", { timeout: 60_000 }, async (point) => {
      const rig = rigOf();
      person += 1;
      const ledger = createLedger(rig.model);
      const chat = rig.person(platform, person);
      const report = await runKill({ rig, ledger, chat }, point);
      const repeats = NOTHING_SENT.includes(point.name) ? 0 : 1;
      await expectKept({ rig, ledger, report }, { repeats });
      expect(report.callsBefore + report.callsAfter).toBeGreaterThan(0);
    });

    // Protected on Telegram by never dropping what waits there; on Discord by the mark of each conversation: seen
    // lost without it.
    test("what was written while it was dead", { timeout: 60_000 }, async () => {
      const rig = rigOf();
      person += 1;
      const ledger = createLedger(rig.model);
      const chat = rig.person(platform, person);
      await rig.waitReady();
      ledger.ask(chat);
      await eventually(() => expect(ledger.judge().lost).toEqual([]));
      rig.server.kill();
      await rig.server.exited();
      ledger.ask(chat);
      await delay(DEAD_MS);
      const last = ledger.ask(chat);
      rig.server.start();
      await answered({ rig, ledger, chat }, last);
      await waitSettled(rig);
      const { lost, outOfOrder, strange } = ledger.judge();
      expect({ lost, outOfOrder, strange }).toEqual({ lost: [], outOfOrder: [], strange: [] });
      expect(ledger.modelCalls(last)).toBe(1);
    });
  });
}
