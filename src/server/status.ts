import { describeAccess } from "../channels/access.ts";
import type { ChannelState } from "../channels/channel.ts";
import type { BusCounts } from "../events/event-bus.ts";
import type { StoreHealth } from "../events/event-store.ts";
import { plural } from "../runtime/plural.ts";
import type { ChannelRegistry } from "./channel-registry.ts";
import type { OutboxEntry } from "./control/outbox-files.ts";
import type { LoopDelay } from "./loop-delay.ts";
import type { Stranger } from "./strangers.ts";

/** How the server is; plain data for `my-bot status`. Times are UTC ms. */
export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly workspace: string;
  readonly startedAt: number;
  /** Whether everything that is configured can do its job now. */
  readonly ready: boolean;
  /** What is wrong, each in one line with its remedy; empty if ready. */
  readonly problems: readonly string[];
  /** What works, and is probably not meant so; one line each. */
  readonly warnings: readonly string[];
  readonly channels: readonly ChannelReport[];
  readonly events: BusCounts;
  /** Dead letters that nobody has looked at. */
  readonly unseen: number;
  /** The latest of them, read from disk when it is asked for over the control socket. */
  readonly letters?: readonly OutboxEntry[] | undefined;
  readonly store: StoreHealth;
  readonly strangers: readonly Stranger[];
  /** The code that makes its sender owner; while there is none. */
  readonly pairingCode?: string | undefined;
  /** Resident memory, bytes. */
  readonly memory: number;
  readonly loopDelay: LoopDelay;
}

export interface ChannelReport {
  readonly name: string;
  readonly platform: string;
  readonly state: ChannelState;
  /** Since when it is in this state. */
  readonly since: number;
  /** Who may talk to the bot, in words. */
  readonly access: string;
  /** What is wrong with it, with the remedy. */
  readonly problem?: string | undefined;
}

export interface StatusDeps {
  readonly version: string;
  readonly workspace: string;
  readonly startedAt: number;
  readonly channels: ChannelRegistry;
  readonly now: () => number;
  readonly counts: () => BusCounts;
  /** How many dead letters nobody has looked at. */
  readonly unseen: () => number;
  readonly store: () => StoreHealth;
  readonly strangers: () => readonly Stranger[];
  readonly pairingCode: () => string | undefined;
  /** Mistakes in files that were edited since the start. */
  readonly configProblems: () => readonly string[];
  readonly agentProblems: readonly string[];
  readonly warnings: readonly string[];
  /** File calls that fail now, and damaged files that were set aside. */
  readonly fileProblems: () => readonly string[];
  readonly loopDelay: () => LoopDelay;
}

export function reportStatus(deps: StatusDeps): StatusReport {
  const channels = reportChannels(deps.channels, deps.now());
  const events = deps.counts();
  const store = deps.store();
  const unseen = deps.unseen();
  const problems = [
    ...(store.ok ? [] : [`events cannot be written: ${store.reason}`]),
    ...deps.configProblems(),
    ...deps.fileProblems(),
    ...deps.agentProblems,
    ...channels.flatMap(({ name, problem }) => (problem ? [`channel ${name}: ${problem}`] : [])),
    ...(unseen > 0
      ? [`${plural(unseen, "dead letter")} that nobody has looked at; see: my-bot outbox list`]
      : []),
    ...(events.quarantined > 0
      ? [`${plural(events.quarantined, "unreadable file")} in .event/quarantine`]
      : []),
  ];
  return {
    version: deps.version,
    pid: process.pid,
    workspace: deps.workspace,
    startedAt: deps.startedAt,
    ready: problems.length === 0,
    problems,
    warnings: deps.warnings,
    channels,
    events,
    unseen,
    store,
    strangers: deps.strangers(),
    pairingCode: deps.pairingCode(),
    memory: process.memoryUsage.rss(),
    loopDelay: deps.loopDelay(),
  };
}

function reportChannels(channels: ChannelRegistry, now: number): readonly ChannelReport[] {
  return channels.all().map(({ spec, state, since }) => ({
    name: spec.name,
    platform: spec.platform,
    state,
    since,
    access: describeAccess(spec.settings.access),
    problem: problemOf(state, now),
  }));
}

/** A channel that says "connected" and has not heard from its platform for too long is in trouble all the same. */
function problemOf(state: ChannelState, now: number): string | undefined {
  if (state.kind === "failing") return `${state.reason}. ${state.remedy}`;
  if (state.kind !== "connected") return undefined;
  const { lastPollAt, maxSilenceMs } = state;
  if (lastPollAt === undefined || maxSilenceMs === undefined) return undefined;
  const silentMs = Math.abs(now - lastPollAt);
  if (silentMs <= maxSilenceMs) return undefined;
  const seconds = Math.round(silentMs / 1000);
  return `nothing was heard from the platform for ${seconds} s. It connects again by itself; if this stays, restart the server and report it with the log`;
}
