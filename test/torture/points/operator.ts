import { setTimeout as delay } from "node:timers/promises";
import { outboxSchema } from "../../../src/server/control/results.ts";
import { eventually } from "../../contracts/recording-receiver.ts";
import { PLATFORMS } from "../../rig/conversation.ts";
import { createGate } from "../../rig/gate.ts";
import type { Rig } from "../../rig/rig.ts";
import { answered, within } from "../../rig/run-kill.ts";
import { createFindings, type Point } from "./point.ts";
import { SENDS } from "./rate-limit.ts";
import { killAtSend } from "./start.ts";

/** The first request of a connection that is made anew. */
const CONNECTING = { telegram: "getMe", discord: /^GET \/(gateway|users|applications)/ };

/** Time for the watcher to see the edit and to wait for the end of it. */
const SEEN_MS = 120;

/** A point 12, played on a server that runs. */
const operating = (name: string, play: Point["play"]): Point => ({
  ...{ number: 12, name, platforms: PLATFORMS, plain: false },
  async play(stage) {
    if (!stage.rig.server.isRunning()) await stage.rig.start();
    return play(stage);
  },
});

/**
 * Point 12, hot reload: a turn runs, and the edit makes the channel connect anew. Protected by the connection's being
 * no part of what is owed: seen red with messages that are settled as they are claimed.
 */
const reloading = (moment: "the edit is seen" | "it connects anew") =>
  operating(`hot reload, killed when ${moment}`, async (stage) => {
    const { rig, ledger, platform } = stage;
    const { server } = rig;
    const chat = stage.person();
    await answered({ ledger, chat }, ledger.ask(chat));
    const gate = createGate();
    rig.model.next({ kind: "slow", text: `answer q${chat.user}n2.1/1`, until: gate.opened });
    const slow = ledger.ask(chat);
    await eventually(() => {
      if (ledger.modelCalls(slow) === 0) throw new Error("The model was not asked");
    });
    let unwatch = () => {};
    if (moment === "it connects anew") {
      unwatch = rig[platform].onRequest(CONNECTING[platform], "arrived", server.kill);
    }
    await swapAddress(rig, platform);
    ledger.ask(chat);
    if (moment === "the edit is seen") {
      await delay(SEEN_MS);
      server.kill();
    }
    await within(server.exited(), 20_000, "the kill at the reload").finally(unwatch);
    gate.open();
    server.start();
    await stage.settled();
    const { found, hold } = createFindings();
    hold((await rig.status()).problems.length === 0, "the new configuration is not in force");
    return found;
  });

/** The same fake by its other name, and back: a change that needs a new connection. */
async function swapAddress(rig: Rig, platform: "telegram" | "discord"): Promise<void> {
  const { url } = rig[platform];
  const other = url.replace("127.0.0.1", "localhost");
  const isOther = swapped.has(rig);
  await rig.workspace.configure({ channels: { [platform]: { api_root: isOther ? url : other } } });
  if (isOther) swapped.delete(rig);
  else swapped.add(rig);
}

const swapped = new WeakSet<Rig>();

/**
 * Point 12, an operator's `outbox retry` of a dead letter. Protected by the retry's being one rename: dead or owed,
 * never both and never neither (seen red at "arrived" and "posted" with the rename left to memory).
 */
const retrying = (moment: "asked for" | "arrived" | "posted") =>
  operating(`outbox retry ${moment}`, async (stage) => {
    const { rig, ledger, platform } = stage;
    const { server } = rig;
    const chat = stage.person();
    rig[platform].fault(SENDS[platform], { code: 403 });
    ledger.ask(chat);
    const ref = await deadLetter(rig);
    const unwatch = moment === "asked for" ? () => {} : killAtSend(rig, chat, moment);
    // The command may die of the server's death, or be told before: both is right.
    const told = rig.command(["outbox", "retry", ref]).catch(() => undefined);
    if (moment === "asked for") {
      await told;
      server.kill();
    }
    await within(server.exited(), 20_000, "the kill at the retry").finally(unwatch);
    await told;
    ledger.ask(chat);
    server.start();
    await stage.settled();
    return [];
  });

async function deadLetter(rig: Rig): Promise<string> {
  let ref: string | undefined;
  await eventually(async () => {
    const { stdout } = await rig.command(["outbox", "list", "--json"]);
    const { entries } = outboxSchema.parse(JSON.parse(stdout));
    ref = entries.find(({ state }) => state === "dead")?.ref;
    if (ref === undefined) throw new Error(`No dead letter in ${stdout}`);
  }, 15_000);
  return ref ?? "";
}

export const OPERATING: readonly Point[] = [
  reloading("the edit is seen"),
  reloading("it connects anew"),
  retrying("asked for"),
  retrying("arrived"),
  retrying("posted"),
];
