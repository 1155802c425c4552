import fc from "fast-check";
import { expect, test } from "vitest";
import type { Outcome } from "../../../src/events/outcome.ts";
import {
  accept,
  createModel,
  discard,
  INBOUND_LANES,
  laneIn,
  type Model,
  outboundLaneOf,
  restart,
  revive,
  running,
  settle,
} from "./model.ts";
import { createMachine, type Machine, replyTo } from "./model-machine.ts";
import { DONE } from "./script.ts";

type Command = fc.AsyncCommand<Model, Machine>;

/** A command that is done to both, after which both must look the same. */
function command(
  name: string,
  may: (model: Model) => boolean,
  run: (model: Model, machine: Machine) => Promise<unknown>,
): Command {
  return {
    toString: () => name,
    check: may,
    async run(model, machine) {
      await run(model, machine);
      await machine.pass(0);
      machine.check(model);
    },
  };
}

const ALL_LANES = [...INBOUND_LANES, ...INBOUND_LANES.map(outboundLaneOf)];
const isInbound = (lane: string) => lane.startsWith("in ");
const always = () => true;
const keysFor = (lane: string, numbers: readonly number[]) =>
  numbers.map((number) => `${lane}/${number}`);

const publish = (lane: string, numbers: readonly number[]) =>
  command(`publish(${lane}, ${numbers})`, always, async (model, machine) => {
    await machine.publish(lane, keysFor(lane, numbers));
    for (const key of keysFor(lane, numbers)) accept(model, lane, key);
  });

const emitFor = (lane: string, key: string): Outcome =>
  isInbound(lane) ? { kind: "done", emit: [replyTo(lane, key)] } : DONE;

const runningKey = (model: Model, lane: string) => running(model, lane)?.key ?? "";
const isRunning = (lane: string) => (model: Model) => running(model, lane) !== undefined;

const handle = (lane: string) =>
  command(`handle(${lane})`, isRunning(lane), async (model, machine) => {
    const key = runningKey(model, lane);
    await machine.end(key, emitFor(lane, key));
    settle(model, lane, "done");
    if (isInbound(lane)) accept(model, outboundLaneOf(lane), `${key}/reply`);
  });

const retry = (lane: string, afterMs: number) =>
  command(`retry(${lane}, ${afterMs})`, isRunning(lane), async (model, machine) => {
    const head = running(model, lane);
    await machine.end(head?.key ?? "", { kind: "retry", afterMs, reason: "later" });
    if (!head) return;
    head.attempts += 1;
    head.waits = model.now + afterMs;
    head.called = false;
  });

const wait = (lane: string) =>
  command(`wait(${lane})`, isRunning(lane), async (model, machine) => {
    const head = running(model, lane);
    const until = Number.POSITIVE_INFINITY;
    await machine.end(head?.key ?? "", { kind: "wait", for: lane, until });
    if (!head) return;
    if (!head.called) head.waits = "called";
    head.called = false;
  });

const wake = (lane: string) =>
  command(`wake(${lane})`, always, async (model, machine) => {
    machine.bus().wake(lane);
    const head = running(model, lane);
    if (head) head.called = true;
    for (const entry of laneIn(model, lane)) if (entry.waits === "called") entry.waits = undefined;
  });

const dead = (lane: string) =>
  command(`dead(${lane})`, isRunning(lane), async (model, machine) => {
    await machine.end(runningKey(model, lane), { kind: "dead", reason: "no" });
    settle(model, lane, "dead");
  });

const pass = (ms: number) =>
  command(`pass(${ms})`, always, async (model, machine) => {
    await machine.pass(ms);
    model.now += ms;
  });

const kill = () =>
  command("kill()", always, async (model, machine) => {
    await machine.restart();
    restart(model);
  });

const stop = () =>
  command("stop()", always, async (model, machine) => {
    await machine.stop();
    await machine.restart();
    restart(model);
  });

const deadKey = (model: Model, pick: number) =>
  [...model.dead.keys()][pick % Math.max(model.dead.size, 1)] ?? "";
const hasDead = (model: Model) => model.dead.size > 0;

const operatorRetry = (pick: number) =>
  command(`operatorRetry(${pick})`, hasDead, async (model, machine) => {
    const key = deadKey(model, pick);
    await machine.bus().retry(machine.refOf(key));
    revive(model, key);
  });

const retryWaiting = (lane: string) =>
  command(
    `retryWaiting(${lane})`,
    (model) => laneIn(model, lane).length > 0,
    async (model, machine) => {
      const [head] = laneIn(model, lane);
      if (!head) return;
      await machine.bus().retry(machine.refOf(head.key));
      if (!running(model, lane)) head.waits = undefined;
    },
  );

const operatorDiscard = (pick: number) =>
  command(`operatorDiscard(${pick})`, hasDead, async (model, machine) => {
    const key = deadKey(model, pick);
    await machine.bus().discard(machine.refOf(key));
    discard(model, key);
  });

const discardOwed = (lane: string, pick: number) =>
  command(
    `discardOwed(${lane}, ${pick})`,
    (model) => laneIn(model, lane).length > 0,
    async (model, machine) => {
      const entries = laneIn(model, lane);
      const { key = "" } = entries[pick % entries.length] ?? {};
      const discarded = machine.bus().discard(machine.refOf(key));
      if (key === runningKey(model, lane)) {
        await expect(discarded).rejects.toThrow("it is being handled now");
        return;
      }
      await discarded;
      discard(model, key);
    },
  );

/** What was durable when it died is a prefix of what was published. */
const publishAndDie = (lane: string, numbers: readonly number[], operations: number) =>
  command(`publishAndDie(${lane}, ${numbers}, ${operations})`, always, async (model, machine) => {
    machine.killAfter(operations);
    await machine.publish(lane, keysFor(lane, numbers));
    await machine.restart();
    restart(model);
    const fresh = [...new Set(keysFor(lane, numbers))].filter((key) => !model.fate.has(key));
    const durable = fresh.map((key) => machine.owes(key));
    expect(durable).toEqual([...durable].sort().reverse());
    for (const [index, key] of fresh.entries()) if (durable[index]) accept(model, lane, key);
  });

/** Either it is still owed, its reply perhaps durable already; or it is settled, and its reply durable for certain. */
const handleAndDie = (lane: string, operations: number) =>
  command(`handleAndDie(${lane}, ${operations})`, isRunning(lane), async (model, machine) => {
    const key = runningKey(model, lane);
    machine.killAfter(operations);
    await machine.end(key, emitFor(lane, key));
    await machine.restart();
    const isSettled = !machine.owes(key);
    if (isSettled) settle(model, lane, "done");
    const reply = `${key}/reply`;
    if (isInbound(lane) && isSettled && !model.fate.has(reply)) {
      expect(machine.owes(reply)).toBe(true);
    }
    if (isInbound(lane) && machine.owes(reply)) accept(model, outboundLaneOf(lane), reply);
    restart(model);
  });

const lane = fc.constantFrom(...ALL_LANES);
const inboundLane = fc.constantFrom(...INBOUND_LANES);
const numbers = fc.array(fc.nat(6), { minLength: 1, maxLength: 4 });
const commands = fc.commands(
  [
    fc.tuple(inboundLane, numbers).map(([name, some]) => publish(name, some)),
    lane.map(handle),
    lane.map(handle),
    fc.tuple(lane, fc.constantFrom(1000, 5000)).map(([name, ms]) => retry(name, ms)),
    lane.map(wait),
    lane.map(wake),
    lane.map(dead),
    fc.constantFrom(1000, 6000).map(pass),
    fc.constant(kill()),
    fc.constant(stop()),
    fc.nat(5).map(operatorRetry),
    fc.nat(5).map(operatorDiscard),
    lane.map(retryWaiting),
    fc.tuple(lane, fc.nat(5)).map(([name, pick]) => discardOwed(name, pick)),
    fc
      .tuple(inboundLane, numbers, fc.nat(40))
      .map(([name, some, operations]) => publishAndDie(name, some, operations)),
    fc.tuple(lane, fc.nat(14)).map(([name, operations]) => handleAndDie(name, operations)),
  ],
  { maxCommands: 40 },
);

/** Everything that is owed is handled in the end, each once. */
async function finish(model: Model, machine: Machine) {
  for (let round = 0; round < 200; round += 1) {
    const name = ALL_LANES.find((candidate) => laneIn(model, candidate).length > 0);
    if (name === undefined) break;
    const step = running(model, name) ? handle(name) : retryWaiting(name);
    await step.run(model, machine);
  }
  expect([...model.fate.values()].filter((fate) => fate === "owed")).toEqual([]);
  expect(machine.bus().counts()).toMatchObject({ inbox: 0, pending: 0 });
}

// The same runs each time; another seed is another thousand. The second one found a retry that a kill undid.
const SEEDS = [20_261_121, 1_945_122_051];

// weaknesses.md 6.3.
// Issue 3, point 8. A failure prints the commands, shrunk; `seed` and `path` in its message repeat it.
test.each(SEEDS)(
  "bus and store do what the model says, whatever comes (seed %i)",
  {
    timeout: 120_000,
  },
  async (seed) => {
    await fc.assert(
      fc.asyncProperty(commands, async (given) => {
        const model = createModel();
        const machine = await createMachine();
        await fc.asyncModelRun(() => ({ model, real: machine }), given);
        await finish(model, machine);
        await machine.stop();
      }),
      { numRuns: 1000, seed },
    );
  },
);
