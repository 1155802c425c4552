import { setTimeout as delay } from "node:timers/promises";
import { PLATFORMS } from "../../rig/conversation.ts";
import { createFindings, type Point, type Stage } from "./point.ts";

/** Longer than what a start counts as "just now". */
const DOWN_MS = 3_500;

/**
 * Point 0; peers #34, #36. Protected on Telegram by never dropping what waits there; on Discord by the mark of each conversation, from
 * which its history is read. Seen red without each.
 */
export const WHILE_DOWN: Point = {
  number: 0,
  name: "written while it is down",
  platforms: PLATFORMS,
  plain: true,
  async play(stage: Stage) {
    const { rig, ledger } = stage;
    const chat = stage.person();
    if (!rig.server.isRunning()) await rig.start();
    ledger.ask(chat);
    await stage.settled();
    rig.server.kill();
    await rig.server.exited();
    const early = ledger.ask(chat);
    await delay(DOWN_MS);
    const late = ledger.ask(chat);
    rig.server.start();
    await stage.settled();
    const { found, hold } = createFindings();
    const calls = [early, late].map(ledger.modelCalls);
    hold(calls.join() === "1,1", `model calls, not one each: ${calls}`);
    return found;
  },
};
