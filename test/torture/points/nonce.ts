import { setTimeout as delay } from "node:timers/promises";
import { sendPosted } from "../../rig/kill-points.ts";
import { runKill } from "../../rig/run-kill.ts";
import { neverRepeated } from "./kills.ts";
import type { Point, Stage } from "./point.ts";

/** Discord knows a nonce for two minutes. */
const FORGOTTEN_MS = 125_000;

const PRELOAD = new URL("../clock-offset.mjs", import.meta.url).href;

const clockAt = (offsetMs: number) => ({
  NODE_OPTIONS: `--import=${PRELOAD}`,
  CLOCK_OFFSET_MS: String(offsetMs),
});

interface Absence {
  readonly name: string;
  /** Really waited, without a trick. */
  readonly waitMs?: number;
  /** How Discord's clock goes on while the server is dead. */
  readonly discordMs?: number;
  /** How far the server's clock is off when it starts again. */
  readonly offsetMs: number;
}

/**
 * Point 6 on Discord, with a restart after the time for which it knows a nonce. Protected by looking for the part in
 * the channel's history, whatever the clocks say: seen red without it.
 */
const afterTheWindow = ({ name, waitMs = 0, discordMs = 0, offsetMs }: Absence): Point => ({
  number: 6,
  name: `send posted, ${name}`,
  platforms: ["discord"],
  plain: false,
  fresh: true,
  waits: waitMs > 0,
  async play(stage: Stage) {
    const { rig } = stage;
    async function restart() {
      rig.discord.passTime(discordMs);
      await delay(waitMs);
      rig.server.start(clockAt(offsetMs));
    }
    const run = { ...stage, chat: stage.person(), restart };
    const report = await runKill(run, sendPosted());
    return neverRepeated(report, { part: 1, parts: 1, posted: true });
  },
});

export const AFTER_THE_WINDOW: readonly Point[] = [
  afterTheWindow({
    name: "restart when Discord has forgotten the nonce",
    discordMs: FORGOTTEN_MS,
    offsetMs: FORGOTTEN_MS,
  }),
  afterTheWindow({
    name: "the same, and the server's clock set back by as much",
    discordMs: FORGOTTEN_MS,
    offsetMs: 0,
  }),
  afterTheWindow({
    name: "restart two minutes later, really waited",
    waitMs: FORGOTTEN_MS,
    offsetMs: 0,
  }),
];
