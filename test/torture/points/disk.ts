import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../contracts/recording-receiver.ts";
import { PLATFORMS } from "../../rig/conversation.ts";
import { createGate } from "../../rig/gate.ts";
import type { Rig } from "../../rig/rig.ts";
import { answered } from "../../rig/run-kill.ts";
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from "../small-disk.ts";
import { createFindings, type Findings, type Point, type Stage } from "./point.ts";

interface Trouble {
  readonly name: string;
  begin(disk: SmallDisk): void;
  end(disk: SmallDisk): void;
  /** What `my-bot status` must say. */
  readonly words: RegExp;
}

const FULL: Trouble = {
  name: "disk full",
  begin: (disk) => disk.fill(),
  end: (disk) => disk.free(),
  words: /the disk is full/,
};

const READ_ONLY: Trouble = {
  name: "disk read-only",
  begin: (disk) => disk.setReadOnly(true),
  end: (disk) => disk.setReadOnly(false),
  words: /the disk is read-only/,
};

/** How long it is left in trouble, alive or dead. */
const TROUBLE_MS = 1_500;
const START_MS = 30_000;
const WELL_MS = 25_000;

/**
 * Point 14. Protected by confirming nothing that could not be written, and by probing until it can be again. Killed
 * in the middle of it, it starts when the disk is well again, and may be started before. Seen red with updates that are confirmed, or marks
 * that are moved, although they could not be kept.
 */
const inTrouble = (trouble: Trouble, isKilled: boolean): Point => ({
  number: 14,
  name: `${trouble.name}${isKilled ? ", killed and started in it" : ""}`,
  platforms: PLATFORMS,
  plain: false,
  fresh: true,
  untimed: true,
  unavailable: whyNoSmallDisk,
  async play(stage: Stage) {
    const disk = mountSmallDisk(stage.rig.workspace.root);
    try {
      return await playTrouble(stage, { trouble, disk, isKilled });
    } finally {
      stage.rig.server.kill();
      await stage.rig.server.exited();
      disk.unmount();
    }
  },
});

interface Play {
  readonly trouble: Trouble;
  readonly disk: SmallDisk;
  readonly isKilled: boolean;
}

async function playTrouble(stage: Stage, { trouble, disk, isKilled }: Play) {
  const { rig, ledger } = stage;
  const findings = createFindings();
  await rig.start();
  const chat = stage.person();
  ledger.ask(chat);
  await stage.settled();
  trouble.begin(disk);
  const question = ledger.ask(chat);
  await expectTold(stage, trouble, findings);
  await delay(TROUBLE_MS);
  const isConfirmed = stage.platform === "telegram" && rig.telegram.unconfirmed() === 0;
  // Whatever was given back to the full disk in the last moment may have made room for it.
  const isDurable = (await rig.status()).events.inbox > 0;
  findings.hold(!isConfirmed || isDurable, "confirmed without being durable");
  findings.hold(ledger.modelCalls(question) === 0, "the model was asked before it was durable");
  if (isKilled) {
    rig.server.kill();
    await rig.server.exited();
    rig.server.start();
    await delay(TROUBLE_MS);
  }
  trouble.end(disk);
  await startAsService(rig);
  await stage.settled();
  await expectWell(stage, findings);
  return findings.found;
}

/** Each thing that has failed has to be tried again first; the lock's heartbeat comes every ten seconds. */
async function expectWell({ rig }: Stage, { hold }: Findings): Promise<void> {
  let problems: readonly string[] = [];
  await eventually(async () => {
    ({ problems } = await rig.status());
    if (problems.length > 0) throw new Error("not well yet");
  }, WELL_MS).catch(() => hold(false, `the disk is well again, but: ${problems}`));
}

/** A start may be refused while the disk is in trouble; a service manager starts it again. */
async function startAsService({ server }: Rig): Promise<void> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await delay(50)) {
    if (!server.isRunning()) server.start();
    else if (server.times().readyAt !== undefined) return;
  }
}

async function expectTold({ rig }: Stage, { words }: Trouble, { hold }: Findings): Promise<void> {
  let told: readonly string[] = [];
  await eventually(async () => {
    told = (await rig.status()).problems;
    if (!told.some((problem) => words.test(problem))) throw new Error("not told yet");
  }, 15_000).catch(() => hold(false, `status does not say it, but: ${told}`));
}

/**
 * The disk fills up while the model thinks: its answer is kept by the reserve, or asked for again; never lost. Protected
 * by settling that goes on until it is done: seen red when it gives up.
 */
const FULL_WHILE_THINKING: Point = {
  ...inTrouble(FULL, false),
  name: "disk full while the model thinks",
  async play(stage) {
    const { rig, ledger } = stage;
    const disk = mountSmallDisk(rig.workspace.root);
    try {
      await rig.start();
      const chat = stage.person();
      await answered({ ledger, chat }, ledger.ask(chat));
      const gate = createGate();
      const text = `answer q${chat.user}n2.1/1`;
      rig.model.next({ kind: "slow", text, until: gate.opened });
      const question = ledger.ask(chat);
      await eventually(() => {
        if (ledger.modelCalls(question) === 0) throw new Error("The model was not asked");
      });
      disk.fill();
      gate.open();
      await delay(TROUBLE_MS);
      rig.server.kill();
      await rig.server.exited();
      disk.free();
      rig.server.start();
      await stage.settled();
      return [];
    } finally {
      rig.server.kill();
      await rig.server.exited();
      disk.unmount();
    }
  },
};

export const DISK: readonly Point[] = [
  inTrouble(FULL, false),
  inTrouble(FULL, true),
  FULL_WHILE_THINKING,
  inTrouble(READ_ONLY, false),
  inTrouble(READ_ONLY, true),
];
