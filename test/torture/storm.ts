import { watchDeaths } from "../rig/deaths.ts";
import { createLedger } from "../rig/ledger.ts";
import { runRandomKills, unexplainedRepeats, withoutParked } from "../rig/random-kills.ts";
import type { Rig } from "../rig/rig.ts";
import { type Played, summarize } from "./play.ts";
import { settle } from "./settle.ts";

export interface Storm {
  readonly seed: number;
  readonly messages: number;
  /** At least. */
  readonly kills: number;
  readonly meanGapMs: number;
  readonly meanLifeMs: number;
}

/** 200 messages in 10 chats; a mean life of three seconds. */
export const STORM = { messages: 200, meanGapMs: 300, meanLifeMs: 3_000 };
const CHATS = 10;

/** Time for the kills to hit: between the arrival of a send and its posting. */
const ON_THE_WAY = { delayMs: 30 };
const CALM_MS = 180_000;

/** Point 13: random kills, then calm. Protected by everything together; seen red with early confirmation. */
export async function playStorm(rig: Rig, storm: Storm): Promise<Played> {
  rig.telegram.fault(/^send(Rich)?Message$/, ON_THE_WAY, Number.POSITIVE_INFINITY);
  rig.discord.fault(/^POST .*\/messages$/, ON_THE_WAY, Number.POSITIVE_INFINITY);
  const ledger = createLedger(rig.model);
  const log = watchDeaths(rig);
  try {
    await runRandomKills(rig, ledger, { ...storm, chats: CHATS });
    await settle(rig, ledger, CALM_MS);
    const judged = withoutParked(ledger, log.deaths);
    const unexplained = unexplainedRepeats(judged.verdict.repeats, log.deaths);
    const wrong =
      unexplained.length > 0 ? [`twice without a kill in between: ${unexplained.length}`] : [];
    return await summarize({ rig, ledger, log, ...judged }, wrong);
  } finally {
    log.close();
  }
}
