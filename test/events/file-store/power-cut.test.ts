import { describe, expect, test } from "vitest";
import type { NewEvent } from "../../../src/events/event.ts";
import { hashKey, parseEventFileName } from "../../../src/events/event-name.ts";
import type { EventStore } from "../../../src/events/event-store.ts";
import { EMPTY_NOTE } from "../../../src/events/note.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { newInbound, newOutbound } from "../../builders/new-event.ts";
import type { Lottery } from "../../fakes/disk-log.ts";
import { createRecordingFiles, type RecordingFiles } from "../../fakes/recording-files.ts";
import { createRandom } from "../random.ts";
import { EVENT_FOLDER, type StoreSetUp, setUpStore } from "../set-up-store.ts";

type State = "absent" | "owed" | "done" | "failed";

/** A change of one event's state, from the disk operation after which it was asked for to the one by which it resolved. */
interface Step {
  readonly key: string;
  readonly to: State;
  readonly durable: boolean;
  readonly from: number;
  readonly until: number;
}

/** A life of a store, recorded. */
async function recordLife(seed: number) {
  const clock = createManualClock();
  const random = createRandom(seed);
  const turn = async () => {
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
  };
  const disk = createRecordingFiles({ now: clock.now, turn });
  const store = setUpStore({ disk, directory: EVENT_FOLDER, clock }).start();
  const steps: Step[] = [];
  const refs = new Map<string, string>();
  const refOf = (key: string) => refs.get(key) ?? "";

  async function publish(...events: readonly NewEvent[]) {
    const from = disk.operations();
    const { stored, error } = await store.publish(events);
    if (error) throw error;
    const until = disk.operations();
    for (const { key, ref } of stored) {
      refs.set(key, ref);
      steps.push({ key, to: "owed", durable: true, from, until });
    }
  }
  async function step(key: string, to: State, work: (ref: string) => Promise<unknown>) {
    const from = disk.operations();
    await work(refOf(key));
    steps.push({ key, to, durable: true, from, until: disk.operations() });
  }
  /** Not synced: after a cut it may be owed again. */
  async function finish(key: string) {
    const from = disk.operations();
    await store.settle(refOf(key), "done", { sync: false });
    steps.push({ key, to: "done", durable: false, from, until: disk.operations() });
  }

  await store.open();
  await live(store, { refOf, publish, step, finish });
  return { disk, steps };
}

type Life = Awaited<ReturnType<typeof recordLife>>;

interface Actions {
  refOf(key: string): string;
  publish(...events: readonly NewEvent[]): Promise<void>;
  step(key: string, to: State, work: (ref: string) => Promise<unknown>): Promise<void>;
  finish(key: string): Promise<void>;
}

async function live(store: EventStore, { refOf, publish, step, finish }: Actions) {
  const sync = { sync: true };
  await publish(newInbound("a1"), newInbound("a2"), newInbound("a3"));
  await Promise.all([
    publish(newInbound("a4"), newInbound("b1", { lane: "b" })),
    publish(newOutbound("a1/reply")),
    publish(newInbound("a5")),
  ]);
  await store.writeNote(refOf("a2"), EMPTY_NOTE, { sync: false });
  await Promise.all([
    finish("a1"),
    step("a1/reply", "done", (ref) => store.settle(ref, "done", sync)),
    publish(newOutbound("a2/reply"), newOutbound("b1/reply")),
  ]);
  await finish("a2");
  await store.setAside("odd.json", "{", "odd");
  await step("b1", "failed", (ref) => store.settle(ref, "failed", sync));
  await Promise.all([
    step("a2/reply", "failed", (ref) => store.settle(ref, "failed", sync)),
    step("b1", "owed", (ref) => store.revive(ref)),
  ]);
  await step("a2/reply", "done", (ref) => store.discard(ref));
  await finish("b1");
  await publish(newInbound("a6"));
}

/** The states in which an event may be found after a cut. */
function allowedAt(steps: readonly Step[], key: string, at: number): ReadonlySet<State> {
  let allowed = new Set<State>(["absent"]);
  for (const step of steps) {
    if (step.key !== key) continue;
    if (step.until <= at && step.durable) allowed = new Set([step.to]);
    else if (step.from < at) allowed.add(step.to);
  }
  return allowed;
}

async function stateOf(
  store: EventStore & { owed: Record<string, readonly string[]> },
  key: string,
): Promise<State> {
  const isIt = (ref: string) => parseEventFileName(ref)?.key === hashKey(key);
  if (Object.values(store.owed).flat().some(isIt)) return "owed";
  if (store.failed().some(isIt)) return "failed";
  const { stored, error } = await store.publish([newInbound(key)]);
  expect(error).toBeUndefined();
  return stored.length > 0 ? "absent" : "done";
}

async function expectPromisesKept({ disk, steps }: Life, at: number, lottery?: Lottery) {
  const words = `cut after operation ${at}, ${lottery?.names ?? "nothing unsynced left"}`;
  const left: RecordingFiles = disk.powerCut(at, lottery);
  const world: StoreSetUp = setUpStore({ disk: left, directory: EVENT_FOLDER });
  const store = await world.opened();
  for (const ref of Object.values(store.owed).flat()) {
    expect(await store.read(ref), words).toBeDefined();
    await store.readNote(ref);
  }
  const states = new Map<string, State>();
  for (const key of new Set(steps.map((step) => step.key))) {
    const state = await stateOf(store, key);
    expect([...allowedAt(steps, key, at)], `${key}, ${words}`).toContain(state);
    states.set(key, state);
  }
  // The files of a lane are a prefix of what was published: a later one never survives an earlier one.
  if (lottery?.names === "subset") return;
  const absent = ["a1", "a2", "a3", "a4", "a5", "a6"].map((key) => states.get(key) === "absent");
  expect(absent, words).toEqual([...absent].sort());
}

// DESIGN 2, promise 10; weaknesses.md W-O1, W-O9, 6.2; reference/outbox.md section 4.
// Red without the fsync of the file, of the folder after the rename, of the folders above, or with a reopened failed/
// that outlives done/.
describe("after a power cut at any operation, nothing that was confirmed is missing or undone", () => {
  test("when nothing survives that was not synced", async () => {
    for (const seed of [1, 2, 3, 4]) {
      const life = await recordLife(seed);
      expect(life.disk.operations()).toBeGreaterThan(80);
      for (let at = 0; at <= life.disk.operations(); at += 1) await expectPromisesKept(life, at);
    }
  });

  test.each(["prefix", "subset"] as const)(
    "when a random %s of what was not synced survives",
    async (names) => {
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const life = await recordLife(seed);
        const lottery = { random: createRandom(seed), names };
        for (let at = 0; at <= life.disk.operations(); at += 1) {
          await expectPromisesKept(life, at, lottery);
        }
      }
    },
  );
});
