import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../contracts/recording-receiver.ts";
import { type Conversation, PLATFORMS } from "../../rig/conversation.ts";
import type { Ledger, Question } from "../../rig/ledger.ts";
import type { Rig } from "../../rig/rig.ts";
import { within } from "../../rig/run-kill.ts";
import { createFindings, type Point, type Stage } from "./point.ts";

interface Debts {
  readonly waiting: Conversation;
  readonly unsent: Question;
}

/** A dead server that owes one person the sending of an answer of three parts, and another one an answer. */
async function debts({ rig, ledger, person }: Stage): Promise<Debts> {
  if (!rig.server.isRunning()) await rig.start();
  const waiting = person();
  // A bot that handles one update after the other would wait for this for ever, which is no matter of dying.
  if (rig.isMyBot) await oweAnAnswer(rig, ledger, person());
  const unwatch = killAtSend(rig, waiting, "arrived");
  const unsent = ledger.ask(waiting, { parts: 3 });
  await within(rig.server.exited(), 20_000, "the first kill");
  unwatch();
  return { waiting, unsent };
}

async function oweAnAnswer(rig: Rig, ledger: Ledger, asking: Conversation): Promise<void> {
  rig.model.next({ kind: "stall", text: "never heard", events: 0 });
  const unanswered = ledger.ask(asking);
  await eventually(() => {
    if (ledger.modelCalls(unanswered) === 0) throw new Error("The model was not asked");
  });
}

export function killAtSend({ server }: Rig, chat: Conversation, phase: "arrived" | "posted") {
  return chat.onSend(phase, () => {
    server.kill();
    return "abandon";
  });
}

const STEPS = ["my-bot starts", "event store opened"];

/**
 * Point 11, while the folder is read. Protected by reading only: a start renames nothing but what it can name, and
 * takes back what was half written. Seen red with replies that are settled as they are claimed.
 */
const WHILE_READING: Point = {
  number: 11,
  name: "again and again while its folder is read",
  platforms: PLATFORMS,
  plain: false,
  async play(stage) {
    const { unsent } = await debts(stage);
    const { rig, ledger } = stage;
    for (const afterMs of [50, 150, 300, 450]) {
      rig.server.start();
      await delay(afterMs);
      rig.server.kill();
      await rig.server.exited();
    }
    for (const step of STEPS) await dieAtStep(rig, step);
    await rig.start();
    await stage.settled();
    const { found, hold } = createFindings();
    // Nothing more may have left than the one part whose sending the last of these lives began.
    hold(ledger.judge().repeats.length <= 1, "more than one part came twice");
    hold(ledger.modelCalls(unsent) === 1, "an answer that was kept was asked for again");
    return found;
  },
};

async function dieAtStep({ server }: Rig, step: string): Promise<void> {
  server.start();
  await eventually(() => {
    if (!server.output().includes(step)) throw new Error(`Not logged: ${step}`);
  });
  server.kill();
  await server.exited();
}

/**
 * Point 11, the first redelivery. Protected by the note of the part in flight, which the second life reads and the
 * third one still finds: without it, the repeat has no label (seen red on Telegram; on Discord without search and nonce).
 */
const redelivering = (phase: "arrived" | "posted"): Point => ({
  number: 11,
  name: `first redelivery ${phase}, a second crash`,
  platforms: PLATFORMS,
  plain: true,
  async play(stage) {
    const { rig, ledger } = stage;
    const { waiting, unsent } = await debts(stage);
    const unwatch = killAtSend(rig, waiting, phase);
    rig.server.start();
    try {
      await within(rig.server.exited(), 20_000, "the kill at the redelivery");
    } finally {
      unwatch();
    }
    rig.server.start();
    await stage.settled();
    const { found, hold } = createFindings();
    const here = ledger.judge().repeats.filter(({ chat }) => chat === waiting.name).length;
    const bound = phase === "posted" && stage.platform === "telegram" ? 1 : 0;
    hold(here === bound, `${here} parts came twice, not ${bound}`);
    hold(ledger.modelCalls(unsent) === 1, "an answer that was kept was asked for again");
    return found;
  },
});

export const DURING_START: readonly Point[] = [
  WHILE_READING,
  redelivering("arrived"),
  redelivering("posted"),
];
