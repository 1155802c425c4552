import { expect, onTestFinished } from "vitest";
import type { Channel } from "../../../src/channels/channel.ts";
import type { ConversationMarks } from "../../../src/channels/conversation-marks.ts";
import { createDiscordChannel } from "../../../src/channels/discord/channel.ts";
import { discordOptionsSchema } from "../../../src/channels/discord/options.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createRecordingLog, type LogEntry } from "../../builders/recording-log.ts";
import {
  eventually,
  type RecordingReceiver,
  recordingReceiver,
} from "../../contracts/recording-receiver.ts";
import {
  createDiscordFake,
  type DiscordFake,
  type DiscordFakeOptions,
} from "../../fakes/discord/server.ts";

export const ADA = "200000000000000001";
export const BEN = "200000000000000002";
export const EVE = "200000000000000666";

/** Marks that outlive a channel, as the file does. */
export function memoryMarks(initial: Readonly<Record<string, string>> = {}): ConversationMarks {
  const marks = new Map(Object.entries(initial));
  return {
    get: (conversation) => marks.get(conversation),
    set: (conversation, id) => void marks.set(conversation, id),
    delete: (conversation) => void marks.delete(conversation),
    entries: () => [...marks],
    flush: async () => undefined,
  };
}

export interface DiscordRig {
  readonly fake: DiscordFake;
  readonly log: readonly LogEntry[];
  readonly marks: ConversationMarks;
  /** A channel over the fake; another one with the same marks is the bot after a restart. */
  channel(options?: Readonly<Record<string, unknown>>): Channel;
}

export async function createRig(options: DiscordFakeOptions = {}): Promise<DiscordRig> {
  const fake = await createDiscordFake(options);
  const { log, entries } = createRecordingLog();
  const marks = memoryMarks();
  return {
    fake,
    log: entries,
    marks,
    channel: (given = {}) =>
      createDiscordChannel(
        "discord",
        discordOptionsSchema.parse({
          token: fake.token,
          api_root: fake.url,
          allow_from: [ADA, BEN],
          ...given,
        }),
        { clock: systemClock, random: () => 0.5, log, marks },
      ),
  };
}

/** A bot that receives; `stop` resolves when it has let go of everything. */
export interface Running {
  readonly channel: Channel;
  readonly receiver: RecordingReceiver;
  stop(): Promise<void>;
}

/** Starts a bot; it is stopped after the test if it was not before. */
export function start(
  rig: DiscordRig,
  {
    receiver = recordingReceiver(),
    ...options
  }: Readonly<Record<string, unknown>> & {
    receiver?: RecordingReceiver;
  } = {},
): Running {
  const channel = rig.channel(options);
  const stop = new AbortController();
  const running = channel.receive(receiver, stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  onTestFinished(end);
  return { channel, receiver, stop: end };
}

export async function startConnected(...args: Parameters<typeof start>): Promise<Running> {
  const running = start(...args);
  await eventually(() => expect(running.receiver.state()?.kind).toBe("connected"));
  return running;
}
