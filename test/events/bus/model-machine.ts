import { expect } from "vitest";
import { hashKey, parseEventFileName } from "../../../src/events/event-name.ts";
import type { Outcome } from "../../../src/events/outcome.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import { createRecordingFiles } from "../../fakes/recording-files.ts";
import { EVENT_FOLDER, setUpStore } from "../set-up-store.ts";
import { INBOUND_LANES, laneIn, type Model, outboundLaneOf, running } from "./model.ts";
import { LATER, type ScriptedHandler, scriptedHandler } from "./script.ts";
import { type RunningBus, startBus } from "./start-bus.ts";

/** The real thing beside the model: a process that can be killed at any disk operation, and its successors. */
export interface Machine {
  publish(lane: string, keys: readonly string[]): Promise<void>;
  /** Ends the handling of this event. */
  end(key: string, outcome: Outcome): Promise<void>;
  bus(): RunningBus;
  refOf(key: string): string;
  /** Whether the event's file is where owed events are. */
  owes(key: string): boolean;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** After so many disk operations from now on, the process is dead. */
  killAfter(operations: number): void;
  /** Kills the process, if it lives, and starts another. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** The bus is as the model says. */
  check(model: Model): void;
}

interface Process {
  readonly bus: RunningBus;
  readonly inbound: ScriptedHandler;
  readonly outbound: ScriptedHandler;
  /** Calls that were ended. */
  readonly ended: Set<object>;
  killAfter(operations: number): void;
  kill(): void;
}

export async function createMachine(): Promise<Machine> {
  const clock = createManualClock();
  const disk = createRecordingFiles({ now: clock.now });

  async function start(): Promise<Process> {
    const files = disk.process();
    const world = setUpStore({ disk: files, directory: EVENT_FOLDER, clock });
    const bus = startBus(world);
    const [inbound, outbound] = [scriptedHandler(LATER), scriptedHandler(LATER)];
    bus.consume("InboundEvent", { concurrency: 9 }, inbound.handle);
    bus.consume("OutboundEvent", { concurrency: 9 }, outbound.handle);
    await clock.advance(0);
    return {
      bus,
      inbound,
      outbound,
      ended: new Set(),
      kill: files.kill,
      killAfter(operations) {
        const last = world.files.calls.length + operations;
        const wait = async () => files.kill();
        world.files.fail(({ index }) => index > last, { wait }, Number.POSITIVE_INFINITY);
      },
    };
  }

  let process = await start();
  const { publish, end } = actions(() => process);
  const refOf = (key: string) => {
    const refs = [...owedRefs(process), ...process.bus.store.failed()];
    return refs.find((ref) => parseEventFileName(ref)?.key === hashKey(key)) ?? "";
  };
  return {
    async publish(lane, keys) {
      publish(lane, keys);
      await clock.advance(0);
    },
    async end(key, outcome) {
      end(key, outcome);
      await clock.advance(0);
    },
    bus: () => process.bus,
    refOf,
    owes: (key) => owedRefs(process).includes(refOf(key)),
    pass: (ms) => clock.advance(ms),
    killAfter: (operations) => process.killAfter(operations),
    async restart() {
      process.kill();
      void process.bus.stop();
      process = await start();
    },
    stop: () => process.bus.stop(),
    check: (model) => check(process, model),
  };
}

const owedRefs = ({ bus }: Process) => [...bus.owed("InboundEvent"), ...bus.owed("OutboundEvent")];

function actions(process: () => Process) {
  return {
    publish(lane: string, keys: readonly string[]): void {
      void process().bus.publish(keys.map((key) => newInbound(key, { lane })));
    },
    end(key: string, outcome: Outcome): void {
      const { inbound, outbound, ended } = process();
      const call = [...inbound.calls, ...outbound.calls].findLast((other) => other.key === key);
      if (!call || ended.has(call)) throw new Error(`${key} is not being handled`);
      ended.add(call);
      call.end(outcome);
    },
  };
}

/** The reply to a message; it has a lane of its own beside the message's. */
export const replyTo = (lane: string, key: string) =>
  newOutbound(`${key}/reply`, { lane: outboundLaneOf(lane) });

function check({ bus, inbound, outbound, ended }: Process, model: Model): void {
  const busy = [...inbound.calls, ...outbound.calls]
    .filter((call) => !ended.has(call))
    .map(({ key, context }) => `${key}, attempt ${context.attempt}`);
  const wanted = [...model.lanes.keys()]
    .map((lane) => running(model, lane))
    .filter((entry) => entry !== undefined)
    .map(({ key, attempts }) => `${key}, attempt ${attempts + 1}`);
  expect(busy.sort()).toEqual(wanted.sort());
  const owed = (lanes: readonly string[]) =>
    lanes.reduce((sum, lane) => sum + laneIn(model, lane).length, 0);
  expect(bus.counts()).toMatchObject({
    inbox: owed(INBOUND_LANES),
    pending: owed(INBOUND_LANES.map(outboundLaneOf)),
    failed: model.dead.size,
    quarantined: 0,
  });
}
