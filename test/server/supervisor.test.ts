import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/runtime/clock.ts";
import { type Phase, supervise } from "../../src/server/supervisor.ts";
import { aborted, type Worker } from "../../src/server/worker.ts";
import { createRecordingLog } from "../builders/recording-log.ts";

/** A worker that notes what happens to it. */
function worker(
  name: string,
  story: string[],
  run?: (signal: AbortSignal) => Promise<void>,
): Worker {
  return {
    name,
    async run(signal) {
      story.push(`${name} starts`);
      if (run) return run(signal);
      await aborted(signal);
      story.push(`${name} stops`);
    },
  };
}

function start(phases: readonly Phase[]) {
  const stop = new AbortController();
  const { log, entries } = createRecordingLog();
  // No wait between restarts: the clock is real, the waits are not.
  const waits: number[] = [];
  const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) };
  const budget = { restarts: 3, withinMs: 60_000 };
  const ended = supervise({ phases, budget, clock, random: () => 0, log }, stop.signal);
  return { stop, ended, entries, waits };
}

describe("supervise", () => {
  // weaknesses.md W-L1.
  it("starts phases in order, each when the one before is ready, and stops in reverse", async () => {
    const story: string[] = [];
    let busReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      busReady = resolve;
    });
    const { stop, ended } = start([
      { name: "BUS", workers: [worker("bus", story)], ready: () => ready },
      { name: "SERVICES", workers: [worker("delivery", story), worker("agent", story)] },
      { name: "CHANNELS", workers: [worker("channel", story)] },
    ]);
    await new Promise(setImmediate);
    expect(story).toEqual(["bus starts"]);
    busReady();
    await new Promise(setImmediate);
    stop.abort();
    await ended;
    expect(story).toEqual([
      ...["bus starts", "delivery starts", "agent starts", "channel starts"],
      ...["channel stops", "agent stops", "delivery stops", "bus stops"],
    ]);
  });

  it("stops a worker only when the one started after it has ended", async () => {
    const story: string[] = [];
    const slow = worker("slow", story, async (signal) => {
      await aborted(signal);
      await new Promise((resolve) => setTimeout(resolve, 20));
      story.push("slow stops");
    });
    const { stop, ended } = start([{ name: "SERVICES", workers: [worker("first", story), slow] }]);
    await new Promise(setImmediate);
    stop.abort();
    await ended;
    expect(story.slice(-2)).toEqual(["slow stops", "first stops"]);
  });

  it("runs a worker that crashed, or that ended by itself, again", async () => {
    const story: string[] = [];
    const crashes = [
      () => Promise.reject(new Error("boom")),
      () => Promise.resolve(),
      (signal: AbortSignal) => aborted(signal),
    ];
    const { stop, ended, entries } = start([
      {
        name: "BUS",
        workers: [worker("bus", story, (signal) => crashes.shift()?.(signal) ?? aborted(signal))],
      },
    ]);
    while (story.length < 3) await new Promise(setImmediate);
    stop.abort();
    await ended;
    expect(entries.filter(({ message }) => message === "worker crashed")).toHaveLength(2);
  });

  // weaknesses.md W-L5: a worker was started again every 5 s for ever, whatever it died of.
  it("stops the others and rejects when a worker has used up its restarts", async () => {
    const story: string[] = [];
    const broken = worker("broken", story, () => Promise.reject(new Error("boom")));
    const { ended, waits } = start([{ name: "BUS", workers: [worker("well", story), broken] }]);
    await expect(ended).rejects.toThrow("Cannot keep broken running: it crashed 4 times");
    expect(waits).toEqual([80, 160, 320]);
    expect(story).toContain("well stops");
  });

  it("resolves at once when it is told to stop before anything started", async () => {
    const story: string[] = [];
    const stop = new AbortController();
    stop.abort();
    const { log } = createRecordingLog();
    const phases: Phase[] = [{ name: "BUS", workers: [worker("bus", story)] }];
    await supervise(
      { phases, budget: { restarts: 1, withinMs: 1 }, clock: systemClock, random: () => 0, log },
      stop.signal,
    );
    expect(story).toEqual([]);
  });
});
