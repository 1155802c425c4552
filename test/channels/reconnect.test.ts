import { describe, expect, it } from "vitest";
import { repeatUntilAborted, type Wait } from "../../src/channels/reconnect.ts";
import { createManualClock } from "../builders/manual-clock.ts";

describe("repeatUntilAborted", () => {
  const setUp = () => ({
    clock: createManualClock(),
    stop: new AbortController(),
    errors: [] as unknown[],
  });
  const repeat = (rig: ReturnType<typeof setUp>, wait: Wait, step: () => Promise<void>) =>
    repeatUntilAborted(step, {
      clock: rig.clock,
      random: () => 0.5,
      signal: rig.stop.signal,
      onFailure(error) {
        rig.errors.push(error);
        return wait;
      },
    });

  it("repeats a step that succeeds at once", async () => {
    let steps = 0;
    const rig = setUp();
    const ended = repeat(rig, { upToMs: 30_000 }, async () => {
      steps += 1;
      if (steps === 5) rig.stop.abort();
    });
    await ended;
    expect(steps).toBe(5);
    expect(rig.errors).toEqual([]);
  });

  it("waits longer after each failure, up to the limit, and starts anew after a success", async () => {
    const startedAt: number[] = [];
    const rig = setUp();
    const ended = repeat(rig, { upToMs: 4_000 }, async () => {
      startedAt.push(rig.clock.now());
      if (startedAt.length !== 6) throw new Error("away");
    });
    for (let i = 0; i < 6; i += 1) {
      await rig.clock.whenSleeping();
      await rig.clock.advance(4_000);
    }
    rig.stop.abort();
    await ended;
    const first = startedAt[0] ?? 0;
    // Waits of 1, 2, 4, 4 and 4 s; the sixth succeeds, the seventh fails at once; then 1, 2 and 4 s.
    expect(startedAt.slice(0, 9).map((time) => (time - first) / 1_000)).toEqual([
      0, 1, 3, 7, 11, 15, 15, 16, 18,
    ]);
  });

  it("waits exactly as long as it is told", async () => {
    let steps = 0;
    const rig = setUp();
    const ended = repeat(rig, { afterMs: 7_000 }, async () => {
      steps += 1;
      throw new Error("too fast");
    });
    await rig.clock.whenSleeping();
    await rig.clock.advance(6_999);
    expect(steps).toBe(1);
    await rig.clock.advance(1);
    expect(steps).toBe(2);
    rig.stop.abort();
    await ended;
    expect(rig.clock.sleeping()).toBe(0);
  });

  it("does not take what a step rejects with after the abort for a failure", async () => {
    const rig = setUp();
    const ended = repeat(rig, { upToMs: 1_000 }, async () => {
      rig.stop.abort();
      throw new Error("aborted");
    });
    await ended;
    expect(rig.errors).toEqual([]);
  });

  it("rejects when the failure turns out to be a bug", async () => {
    const ended = repeatUntilAborted(() => Promise.reject(new TypeError("bug")), {
      clock: createManualClock(),
      random: () => 0.5,
      signal: new AbortController().signal,
      onFailure(error) {
        throw error;
      },
    });
    await expect(ended).rejects.toThrow("bug");
  });
});
