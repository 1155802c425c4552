import type { Channel } from "../../src/channels/channel.ts";
import { DeliveryError } from "../../src/channels/delivery-error.ts";
import { createDiscordChannel } from "../../src/channels/discord/channel.ts";
import { discordOptionsSchema } from "../../src/channels/discord/options.ts";
import { createTelegramChannel } from "../../src/channels/telegram/channel.ts";
import { telegramOptionsSchema } from "../../src/channels/telegram/options.ts";
import { fastClock } from "../builders/fast-clock.ts";
import { createRecordingLog } from "../builders/recording-log.ts";
import type { Probe, ProbeResult } from "./send-probe.ts";

/** Sends once to each address, one after another; prints what became of it. */
const { platform, token, chat, roots, explains = false }: Probe = JSON.parse(process.argv[2] ?? "");

const deps = { clock: fastClock, random: () => 0.5, log: createRecordingLog().log };
const noMarks = {
  get: () => undefined,
  set: () => undefined,
  delete: () => undefined,
  entries: () => [],
  flush: async () => undefined,
};

function channelAt(apiRoot: string): Channel {
  const options = { token, api_root: apiRoot };
  return platform === "telegram"
    ? createTelegramChannel("telegram", telegramOptionsSchema.parse(options), deps)
    : createDiscordChannel("discord", discordOptionsSchema.parse(options), {
        ...deps,
        marks: noMarks,
      });
}

async function probe(apiRoot: string, text: string): Promise<ProbeResult> {
  const channel = channelAt(apiRoot);
  const context = {
    idempotencyKey: text,
    firstTriedAt: Date.now(),
    signal: new AbortController().signal,
  };
  const error: unknown = await channel.send({ text }, { chat }, context).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const findings = (explains && (await channel.check?.(context.signal))) || [];
  return {
    verdict: error instanceof DeliveryError ? error.failure : "sent",
    reason: error instanceof Error ? error.message : "",
    remedy: findings.find(({ level }) => level === "problem")?.remedy,
    state: explains ? await firstState(channel) : undefined,
  };
}

/** What `status` shows of the channel. */
async function firstState(channel: Channel): Promise<ProbeResult["state"]> {
  const stop = new AbortController();
  let state: ProbeResult["state"];
  await channel.receive(
    {
      commands: [],
      accept: async () => undefined,
      setAside: async () => undefined,
      report(reported) {
        if (reported.kind === "connecting" || state) return;
        state = reported;
        stop.abort();
      },
    },
    stop.signal,
  );
  return state;
}

const results: ProbeResult[] = [];
for (const [index, root] of roots.entries()) results.push(await probe(root, `send ${index}`));
process.stdout.write(JSON.stringify(results));
