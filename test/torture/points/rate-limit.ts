import { setTimeout as delay } from "node:timers/promises";
import { outboxSchema } from "../../../src/server/control/results.ts";
import { type Conversation, PLATFORMS, type Platform } from "../../rig/conversation.ts";
import { sendsOn } from "../../rig/deaths.ts";
import type { Rig } from "../../rig/rig.ts";
import { within } from "../../rig/run-kill.ts";
import { createFindings, type Point, type Stage } from "./point.ts";

/** Longer than a start takes on a machine that does other things too. */
const RETRY_AFTER_S = 8;
/** The timer of the product, the wire, and a busy machine. */
const LATE_MS = 2_500;
/** How long the server is given to write down what it was told. */
const NOTED_MS = 300;

export const SENDS: Readonly<Record<Platform, RegExp>> = {
  telegram: /^send(Rich)?Message$/,
  discord: /^POST \/channels\/\d+\/messages$/,
};

/**
 * Point 10; peers #38. Protected by keeping the due time in the event's note: without it the restart sends at once (seen red, also
 * without the number of attempts in it). The 429 itself
 * proves that nothing was posted, so that nothing is called a repeat.
 */
export const RATE_LIMITED: Point = {
  number: 10,
  name: "429 answered, killed during the wait",
  platforms: PLATFORMS,
  plain: true,
  untimed: true,
  async play(stage: Stage) {
    const { rig, platform, ledger } = stage;
    const { server } = rig;
    if (!server.isRunning()) await rig.start();
    const chat = stage.person();
    const refusedAt = refuseNextSend(rig, platform);
    ledger.ask(chat);
    const due = (await within(refusedAt, 20_000, "the 429")) + RETRY_AFTER_S * 1_000;
    await delay(NOTED_MS);
    const attempts = await attemptsOf(rig);
    server.kill();
    await server.exited();
    const inChat = sendsInto(rig, chat);
    const before = inChat().length;
    server.start();
    await rig.waitReady();
    const kept = { value: await attemptsOf(rig), at: Date.now() };
    const earliest = Math.max(due, Date.now());
    await stage.settled();
    const { found, hold } = createFindings();
    const first = inChat()[before]?.at ?? Number.NaN;
    hold(!(first < due), `sent ${due - first} ms before its time`);
    hold(!(first > earliest + LATE_MS), `sent ${first - earliest} ms after it could be`);
    const isKnown = kept.at < due;
    // The failure before it counts, the 429 does not.
    const counted = rig.isMyBot ? "1" : "";
    hold(attempts === counted, `${attempts} failed attempts before the kill`);
    hold(!isKnown || kept.value === counted, `${kept.value} failed attempts after the kill`);
    const labelled = ledger.shown(chat).filter((part) => part.labelled);
    hold(labelled.length === 0, "labelled although refused");
    return found;
  },
};

/** Resolves with when the refusal was given, UTC ms. my-bot has met another failure before, which is to be remembered. */
function refuseNextSend(rig: Rig, platform: Platform): Promise<number> {
  const fake = rig[platform];
  if (rig.isMyBot) fake.fault(SENDS[platform], { code: 409 });
  fake.fault(SENDS[platform], { code: 429, retryAfter: RETRY_AFTER_S });
  let left = rig.isMyBot ? 2 : 1;
  return new Promise((resolve) => {
    const unwatch = fake.onRequest(SENDS[platform], "arrived", () => {
      left -= 1;
      if (left > 0) return;
      unwatch();
      resolve(Date.now());
    });
  });
}

const sendsInto = (rig: Rig, { platform, user }: Conversation) => {
  const chat = platform === "telegram" ? user : `POST /channels/${rig.discord.dm(user)}/messages`;
  return () => sendsOn(rig, platform).filter((send) => send.chat === chat);
};

/** What `my-bot outbox list` tells, first entry first; nothing for a bot that has no such thing. */
async function attemptsOf(rig: Rig): Promise<string> {
  if (!rig.isMyBot) return "";
  const { stdout } = await rig.command(["outbox", "list", "--json"]);
  return String(outboxSchema.parse(JSON.parse(stdout)).entries[0]?.attempts);
}
