import type { Channel } from "../../src/channels/channel.ts";
import { DeliveryError, type DeliveryFailure } from "../../src/channels/delivery-error.ts";
import { createChannelRegistry } from "../../src/server/channel-registry.ts";
import { paceWake } from "../../src/server/channel-wake.ts";
import { createDeliveryPace } from "../../src/server/delivery-pace.ts";
import { createDeliveryWorker } from "../../src/server/delivery-worker.ts";
import { channelSpec } from "../builders/channel-spec.ts";
import { createManualClock } from "../builders/manual-clock.ts";
import { newOutbound } from "../builders/new-event.ts";
import { type RunningBus, startBus } from "../events/bus/start-bus.ts";
import { EVENT_FOLDER, setUpStore } from "../events/set-up-store.ts";
import { createRecordingFiles } from "../fakes/recording-files.ts";

const BOOT = "boot-1";

/** A send that reached the platform. `at`: seconds since the beginning. */
export interface Sent {
  readonly chat: string;
  readonly text: string;
  readonly label: string | undefined;
  readonly at: number;
}

/** What the platform makes of a send; nothing: it is shown. */
export type Reaction = (sent: Sent) => DeliveryFailure | undefined;

export interface Life {
  readonly bus: RunningBus;
  /** The channel is there from now on. */
  connect(): void;
  /** Its calls to the disk change nothing any more, and whatever it was doing ends nowhere. */
  kill(): Promise<void>;
  /** Resolves when it was killed. */
  readonly dead: Promise<void>;
}

const spec = channelSpec();

/**
 * The real delivery worker, bus and file store over a disk in memory, a clock by hand, and a platform that outlives all;
 * or whatever is behind a real channel.
 */
export function createDeliveryRig({ through }: { through?: Channel } = {}) {
  const clock = createManualClock();
  const began = clock.now();
  let onDiskCall: () => void = () => undefined;
  const turn = async () => onDiskCall();
  const disk = createRecordingFiles({ now: clock.now, turn });
  const requests: Sent[] = [];
  const shown: Sent[] = [];
  let react: Reaction = () => undefined;

  const channel: Channel = {
    name: "telegram",
    platform: "telegram",
    limits: { textLength: 4096 },
    receive: async () => {},
    async send({ text, label }, { chat }) {
      const sent = { chat, text, label, at: (clock.now() - began) / 1000 };
      requests.push(sent);
      const failure = react(sent);
      if (failure) throw new DeliveryError(`failed: ${failure.kind}`, failure);
      shown.push(sent);
      return { messageId: `m${shown.length}` };
    },
  };

  async function start({ connected = true } = {}): Promise<Life> {
    const files = disk.process();
    const world = setUpStore({ disk: files, directory: EVENT_FOLDER, clock });
    const bus = startBus(world);
    const channels = createChannelRegistry(clock);
    channels.apply([spec]);
    const connect = () => channels.setChannel(spec, through ?? channel);
    if (connected) connect();
    const stop = new AbortController();
    void createDeliveryWorker({
      ...{
        bus,
        channels,
        clock,
        startedAt: clock.now(),
        boot: BOOT,
        concurrency: 16,
        random: () => 0.5,
      },
      pace: createDeliveryPace(clock.now, (channel) => bus.wakeOne(paceWake(channel))),
      log: world.logger,
      policy: () => ({
        giveUpAfterMs: 24 * 3_600_000,
        repeatLabel: "(may be a repeat)",
        deadLetterNotice: (event) =>
          event.kind === "notice"
            ? []
            : [reply("owner", `dead ${event.content}`, `${event.key}/dead`)],
        expiredNotice: (_, startedAt) => [reply("owner", "expired", `${startedAt}/dead`)],
      }),
    }).run(stop.signal);
    await bus.ready();
    await clock.advance(0);
    let died: () => void = () => undefined;
    const dead = new Promise<void>((resolve) => {
      died = resolve;
    });
    return {
      ...{ bus, connect, dead },
      async kill() {
        files.kill();
        died();
        await bus.stop();
      },
    };
  }

  return {
    ...{ clock, requests, shown, start },
    react(reaction: Reaction) {
      react = reaction;
    },
    /** Runs before each call to the disk, which does not happen if its process is killed by it. */
    onDiskCall(hook: () => void) {
      onDiskCall = hook;
    },
    /** Everything runs that waits for nothing. */
    async settle() {
      for (let i = 0; i < 200; i += 1) await clock.advance(0);
    },
  };
}

export function reply(chat: string, content: string, key = `${chat}/${content}`) {
  const kind = key.endsWith("/dead") ? ("notice" as const) : ("reply" as const);
  return newOutbound(key, { content, address: { chat }, boot: BOOT, kind, lane: `lane ${chat}` });
}
