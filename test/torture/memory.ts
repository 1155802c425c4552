import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createLedger } from "../rig/ledger.ts";
import type { Rig } from "../rig/rig.ts";
import { settle } from "./settle.ts";

/** Resident memory of the bot's process, bytes; undefined where the system does not tell. */
export interface Memory {
  readonly idle: number | undefined;
  /** After so many messages. */
  readonly after: number | undefined;
  readonly messages: number;
}

const CHATS = 10;
const MESSAGES = 100;
/** What is loaded behind the start has been loaded. */
const IDLE_MS = 3_000;

/** A calm life, without any kill. */
export async function measureMemory(rig: Rig): Promise<Memory> {
  await rig.start();
  await delay(IDLE_MS);
  const idle = residentMemory(rig.server.pid());
  const ledger = createLedger(rig.model);
  const { channels } = rig;
  for (let n = 0; n < MESSAGES; n += 1) {
    const index = n % CHATS;
    const platform = channels[index % channels.length] ?? "telegram";
    ledger.ask(rig.person(platform, 1 + Math.floor(index / channels.length)));
  }
  await settle(rig, ledger, 60_000);
  return { idle, after: residentMemory(rig.server.pid()), messages: MESSAGES };
}

function residentMemory(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
