import { admits } from "../channels/access.ts";
import type { TerminalChannel } from "../channels/terminal/channel.ts";
import { watchConfig } from "../config/watch.ts";
import { createEventBus } from "../events/bus/create-event-bus.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { EventStore } from "../events/event-store.ts";
import { createFileEventStore } from "../events/file-store/file-event-store.ts";
import { readBootId } from "../runtime/boot-id.ts";
import { createPace } from "../runtime/pace.ts";
import { announceAll } from "./announce.ts";
import type { ChannelRegistry } from "./channel-registry.ts";
import { paceWake } from "./channel-wake.ts";
import { createChannelWorker } from "./channel-worker.ts";
import { composeAgents } from "./compose-agents.ts";
import { composeSettings } from "./compose-settings.ts";
import { composeStatus } from "./compose-status.ts";
import { createConfigWorker } from "./config-worker.ts";
import { createDeadLetters, type DeadLetters } from "./control/dead-letters.ts";
import { openSeenLetters } from "./control/seen-letters.ts";
import { createDeliveryPace } from "./delivery-pace.ts";
import { createDeliveryWorker } from "./delivery-worker.ts";
import { createIntake } from "./intake.ts";
import type { Pairing } from "./pairing.ts";
import { openProcessDeaths } from "./process-deaths.ts";
import type { ServerDeps } from "./server-deps.ts";
import type { StatusReport } from "./status.ts";
import { createStrangerNotices } from "./stranger-notices.ts";
import { createStrangers } from "./strangers.ts";
import { type Phase, supervise } from "./supervisor.ts";
import type { Worker } from "./worker.ts";

export interface RunOptions {
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  /** Run beside the server's own services: the control socket. */
  readonly workers?: readonly Worker[];
}

export interface Server {
  /**
   * Runs until `stop` aborts: takes in nothing new, finishes what is running, sends what is ready. `abort` ends that
   * at once; what was running is taken up by the next start. Rejects when a worker cannot be kept running.
   */
  run(options: RunOptions): Promise<void>;
  readonly terminal: TerminalChannel;
  readonly bus: EventBus;
  readonly store: EventStore;
  readonly pairing: Pairing;
  readonly letters: DeadLetters;
  status(): Promise<StatusReport>;
  reload(): Promise<void>;
}

/** The one composition root, in the order of the flow. The workspace's lock must be held. */
export async function createServer(deps: ServerDeps): Promise<Server> {
  const { clock, random, log } = deps;
  const abort = new AbortController();
  const boot = await readBootId(deps.files, clock.now);

  // Events: durable on disk, and the bus on which the workers meet.
  const { bus, store } = composeEvents(deps, abort.signal);

  // The configuration in force, the channels that it names, and who may come in.
  const { channels, live, notices, pairing, grants, terminal } = composeSettings(deps, {
    bus,
    boot,
  });
  const config = () => live.now().config;

  // A message comes in: Channel → InboundEvent.
  const strangers = createStrangers({ log, isLetIn: letInBy(channels) });
  const strangerPace = createPace({ ...STRANGER_PACE, now: clock.now });
  const door = {
    channels,
    publish: bus.publish,
    upToDate: live.upToDate,
    pairing,
    strangers,
    strangerPace,
    strangerNotices: createStrangerNotices({ notices, pairing, clock }),
    boot,
    clock,
    log,
  };
  const intake = createIntake(door);

  // It is answered: InboundEvent → agent → OutboundEvent.
  const expand = (text: string) => live.now().expand(text);
  const processDeaths = await openProcessDeaths(deps.paths.events, deps);
  const parts = { bus, config, expand, channels, notices, pairing, processDeaths, boot };
  const agents = await composeAgents(deps, parts);

  // The answer goes out: OutboundEvent → Channel.
  const delivery = createDeliveryWorker({
    ...{ bus, channels, boot, clock, random, log, startedAt: clock.now() },
    concurrency: config().delivery.concurrency,
    pace: createDeliveryPace(clock.now, (channel) => bus.wakeOne(paceWake(channel))),
    policy: () => ({
      ...config().delivery,
      deadLetterNotice: notices.deadLetter,
      expiredNotice: notices.expired,
    }),
  });

  const letters = createDeadLetters(store.failed, await openSeenLetters(deps.paths.events, deps));
  const shown = { bus, store, channels, strangers, pairing, live, agents, letters };
  const status = composeStatus(deps, shown);
  const receiving = createChannelWorker({
    ...{ channels, intake, clock, random, log },
    setAside: store.setAside,
    commands: agents.commands.menu,
  });
  const watching = createConfigWorker({
    watch: (onChange) => watchFiles(deps, onChange),
    reload: live.reload,
    upToDate: live.upToDate,
  });
  const phases = (more: readonly Worker[]): readonly Phase[] => [
    { name: "BUS", workers: [{ name: "EventBus", run: bus.run }], ready: bus.ready },
    { name: "SERVICES", workers: [...more, delivery, agents.worker] },
    { name: "CHANNELS", workers: [receiving, watching] },
  ];
  return {
    ...{ bus, store, pairing, letters, terminal, status, reload: live.reload },
    async run({ stop, abort: abortNow, workers = [] }) {
      stop.addEventListener("abort", agents.stopping, { once: true });
      abortNow.addEventListener("abort", () => abort.abort(abortNow.reason), { once: true });
      announceAll(deps, { channels, pairing });
      // Whoever was let in by a process that died before it could tell them.
      if (deps.mode === "server") void bus.ready().then(grants.welcomeAll);
      const budget = RESTART_BUDGET;
      await supervise({ phases: phases(workers), budget, clock, random, log }, stop);
      await agents.sessions.close();
    },
  };
}

function letInBy(channels: ChannelRegistry) {
  return (channel: string, user: string): boolean => {
    const rules = channels.get(channel)?.spec.settings.access;
    return rules !== undefined && admits(rules, user);
  };
}

const RESTART_BUDGET = { restarts: 5, withinMs: 60_000 };
/** Strangers who are answered on one channel. */
const STRANGER_PACE = { perInterval: 10, intervalMs: 60_000, burst: 10 };

function composeEvents(deps: ServerDeps, abort: AbortSignal) {
  const { files, clock, random, log, paths } = deps;
  const { keepDoneMs: keepMs, keepDoneCount: keepCount } = deps.loaded.config.events;
  const retention = { keepMs, keepCount };
  const store = createFileEventStore({ directory: paths.events, retention, files, clock, log });
  return { store, bus: createEventBus({ store, clock, random, log, abort }) };
}

function watchFiles({ paths, files, clock, log }: ServerDeps, onChange: () => Promise<void>) {
  return watchConfig({
    paths: [paths.userConfig, paths.runtimeConfig, paths.env],
    files,
    clock,
    log,
    onChange,
  });
}
