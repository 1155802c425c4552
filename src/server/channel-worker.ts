import { createHash } from "node:crypto";
import type { ChannelState, Receiver } from "../channels/channel.ts";
import { backoffMs } from "../runtime/backoff.ts";
import { type Clock, pause } from "../runtime/clock.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { ChannelRegistry, ChannelSpec, LiveChannel } from "./channel-registry.ts";
import type { Intake } from "./intake.ts";
import { aborted, type Worker } from "./worker.ts";

export interface ChannelWorkerDeps {
  readonly channels: ChannelRegistry;
  readonly intake: Intake;
  /** Puts away durably what a channel could not understand. */
  readonly setAside: (name: string, contents: string, reason: string) => Promise<void>;
  readonly commands: Receiver["commands"];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

interface Connection {
  readonly key: string;
  readonly name: string;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

const CRASH_BACKOFF = { firstMs: 1000, maxMs: 60_000 };

/** Keeps every configured channel receiving, each on its own: one in trouble holds up no other. */
export function createChannelWorker(deps: ChannelWorkerDeps): Worker {
  return {
    name: "ChannelWorker",
    async run(signal) {
      const connections = new Map<string, Connection>();
      const update = () => {
        if (!signal.aborted) reconcile(deps, connections, update);
      };
      const stopListening = deps.channels.onChange(update);
      update();
      await aborted(signal);
      stopListening();
      for (const connection of connections.values()) connection.stop.abort();
      await afterAll([...connections.values()]);
    },
  };
}

/** Starts what is configured and not connected, ends what is connected and configured no more. */
function reconcile(
  deps: ChannelWorkerDeps,
  connections: Map<string, Connection>,
  onEnd: () => void,
): void {
  const wanted = new Map(deps.channels.all().map(({ spec }) => [connectionKey(spec), spec]));
  for (const connection of connections.values()) {
    if (!wanted.has(connection.key)) connection.stop.abort();
  }
  for (const [key, spec] of wanted) {
    if (connections.has(key)) continue;
    const before = [...connections.values()].filter((other) => other.name === spec.name);
    const stop = new AbortController();
    const ended = afterAll(before).then(() => keepReceiving(deps, spec, stop.signal));
    connections.set(key, { key, name: spec.name, stop, ended });
    void ended.then(() => {
      connections.delete(key);
      onEnd();
    });
  }
}

const connectionKey = (spec: ChannelSpec) => `${spec.name} ${spec.connection}`;

/** A platform may refuse two connections of one bot, so the old one ends first. */
const afterAll = (connections: readonly Connection[]) =>
  Promise.all(connections.map(({ ended }) => ended));

/** Never rejects. */
async function keepReceiving(deps: ChannelWorkerDeps, spec: ChannelSpec, signal: AbortSignal) {
  for (let crashes = 1; !signal.aborted; crashes += 1) {
    try {
      const channel = await spec.create();
      deps.channels.setChannel(spec, channel);
      await channel.receive(createReceiver(deps, spec), signal);
      if (signal.aborted) return;
      throw new Error(`Channel ${spec.name} ended by itself`);
    } catch (error) {
      if (signal.aborted) return;
      deps.log.error({ channel: spec.name, err: error }, "channel crashed");
      const remedy = "It is started again by itself; if this stays, report it with the log.";
      deps.channels.setState(spec, { kind: "failing", reason: errorMessage(error), remedy });
      const ms = backoffMs(crashes, { ...CRASH_BACKOFF, random: deps.random });
      await pause(deps.clock, ms, signal);
    }
  }
}

function createReceiver(deps: ChannelWorkerDeps, spec: ChannelSpec): Receiver {
  return {
    commands: deps.commands,
    accept: (messages) => deps.intake.accept(spec.name, messages),
    setAside(payload, reason) {
      const contents = JSON.stringify(payload, undefined, 2);
      // Named after what it holds, so that the same one given again is not put away twice.
      const hash = createHash("sha256").update(contents).digest("hex").slice(0, 16);
      return deps.setAside(`${spec.name}-${hash}.json`, contents, reason);
    },
    report(state) {
      logState(deps.log, deps.channels.get(spec.name), state);
      deps.channels.setState(spec, state);
    },
  };
}

/** One line a change, however often a state is reported. */
function logState(log: Log, live: LiveChannel | undefined, now: ChannelState): void {
  const before = live?.state;
  const channel = live?.spec.name;
  if (now.kind === "failing" && (before?.kind !== "failing" || before.reason !== now.reason)) {
    log.error({ channel, reason: now.reason, remedy: now.remedy }, "channel is failing");
  }
  if (now.kind === "connected" && before?.kind !== "connected") {
    log.info({ channel, account: now.account }, "channel is connected");
  }
}
