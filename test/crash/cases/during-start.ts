import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../../contracts/recording-receiver.ts";
import type { Conversation, Platform } from "../../rig/conversation.ts";
import { createLedger, type Ledger, type Question } from "../../rig/ledger.ts";
import type { Rig } from "../../rig/rig.ts";
import { answered, within } from "../../rig/run-kill.ts";
import { testRig, waitSettled } from "../../rig/test-rig.ts";
import { repeatsAllowed } from "./expect-kill.ts";

interface Debts {
  readonly rig: Rig;
  readonly ledger: Ledger;
  readonly asking: Conversation;
  readonly unanswered: Question;
  readonly waiting: Conversation;
  readonly unsent: Question;
}

/** A dead server that owes one person an answer, and another one the sending of an answer of three parts. */
async function debts(platform: Platform): Promise<Debts> {
  const rig = await testRig({ channels: [platform] });
  await rig.start();
  const ledger = createLedger(rig.model);
  const [asking, waiting] = [rig.person(platform, 1), rig.person(platform, 2)];
  rig.model.next({ kind: "stall", text: "never heard", events: 0 });
  const unanswered = ledger.ask(asking);
  await eventually(() => expect(ledger.modelCalls(unanswered)).toBe(1));
  const unwatch = killAtSend(rig, waiting, "arrived");
  const unsent = ledger.ask(waiting, 3);
  await within(rig.server.exited(), 20_000, "the first kill");
  unwatch();
  return { rig, ledger, asking, unanswered, waiting, unsent };
}

function killAtSend(rig: Rig, chat: Conversation, phase: "arrived" | "posted") {
  return chat.onSend(phase, () => {
    rig.server.kill();
    return "abandon";
  });
}

async function expectPaid(debts: Debts): Promise<void> {
  const { rig, ledger, asking, unanswered, waiting, unsent } = debts;
  await answered({ rig, ledger, chat: asking }, unanswered);
  await answered({ rig, ledger, chat: waiting }, unsent);
  await waitSettled(rig);
  expect(ledger.judge()).toMatchObject({ lost: [], outOfOrder: [], strange: [] });
  expect(ledger.modelCalls(unsent)).toBe(1);
}

export function killsDuringStart(platform: Platform): void {
  describe(`on ${platform}, a server that is killed during its start`, () => {
    // Protected by reading only: a start renames nothing but what it can name, and takes back what was half written.
    test("again and again, before and after its folder was read, owes the same", {
      timeout: 60_000,
    }, async () => {
      const owed = await debts(platform);
      const { rig, ledger } = owed;
      for (const afterMs of [50, 150, 300, 450]) {
        rig.server.start();
        await delay(afterMs);
        rig.server.kill();
        await rig.server.exited();
      }
      for (const step of ["my-bot starts", "event store opened"]) {
        rig.server.start();
        await eventually(() => expect(rig.server.output()).toContain(step));
        rig.server.kill();
        await rig.server.exited();
      }
      await rig.start();
      await expectPaid(owed);
      // Nothing more may have left than the one part whose sending the last of these lives began.
      expect(ledger.judge().repeats.length).toBeLessThanOrEqual(repeatsAllowed(platform));
    });

    // Protected by the note of the part in flight, which the second life reads and the third one still finds: without
    // it, the repeat has no label (seen).
    test.each([
      { phase: "arrived", repeats: 0 },
      { phase: "posted", repeats: repeatsAllowed(platform) },
    ] as const)(
      "when its first redelivery has $phase, doubles no more than that part",
      {
        timeout: 60_000,
      },
      async ({ phase, repeats }) => {
        const owed = await debts(platform);
        const { rig, ledger, waiting } = owed;
        const unwatch = killAtSend(rig, waiting, phase);
        rig.server.start();
        await within(rig.server.exited(), 20_000, "the kill at the redelivery");
        unwatch();
        await rig.start();
        await expectPaid(owed);
        const all = ledger.judge().repeats;
        const here = all.filter(({ chat }) => chat === waiting.name);
        expect(here).toHaveLength(repeats);
        // The other person's answer may have been on its way at the same moment.
        expect(all.length - here.length).toBeLessThanOrEqual(repeatsAllowed(platform));
        expect(all.every(({ labelled }) => labelled)).toBe(true);
      },
    );
  });
}
