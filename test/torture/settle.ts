import { setTimeout as delay } from "node:timers/promises";
import { sendsOn } from "../rig/deaths.ts";
import type { Ledger } from "../rig/ledger.ts";
import type { Rig } from "../rig/rig.ts";

/** However much is still missing. */
const DEADLINE_MS = 45_000;
const POLL_MS = 30;
/** So long nothing happens, although something is missing: it will never come. */
const MY_BOT_QUIET_MS = 5_000;
const PLAIN_QUIET_MS = 2_500;
/** So long after everything was shown, something may still come twice; my-bot says itself when it owes nothing. */
const PLAIN_LATE_MS = 400;

/** Waits until everything is answered and nothing is owed, or nothing more is to be expected. */
export async function settle(rig: Rig, ledger: Ledger, deadlineMs = DEADLINE_MS): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  let last = "";
  let since = Date.now();
  while (Date.now() < deadline) {
    const now = signs(rig);
    if (now !== last) since = Date.now();
    last = now;
    const missing = ledger.judge().lost.length;
    if (await isOver(rig, missing, Date.now() - since)) return;
    await delay(POLL_MS);
  }
}

/** Changes when anything happens that can be seen from outside. */
function signs(rig: Rig): string {
  const { server, model, telegram } = rig;
  const isReady = server.isRunning() && server.times().readyAt !== undefined;
  const open = model.requests.filter(({ state }) => state === "open").length;
  const sends = rig.channels.map((platform) => sendsOn(rig, platform).length);
  // While it starts, thinks, or has something to fetch, there is no quiet.
  const isBusy = !isReady || open > 0 || telegram.unconfirmed() > 0;
  return isBusy ? `busy ${Date.now()}` : `${model.requests.length} ${sends}`;
}

async function isOver(rig: Rig, missing: number, quietMs: number): Promise<boolean> {
  if (!rig.server.isRunning()) return false;
  if (!rig.isMyBot) return quietMs > (missing === 0 ? PLAIN_LATE_MS : PLAIN_QUIET_MS);
  if (missing > 0 && quietMs < MY_BOT_QUIET_MS) return false;
  const { inbox, pending } = (await rig.status()).events;
  return inbox === 0 && pending === 0;
}
