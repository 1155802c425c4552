import { describe, expect, test } from "vitest";
import { createGroupSync } from "../../src/runtime/group-sync.ts";

/** A sync whose ends the test decides. */
function createManualSync() {
  const ends: ((error?: Error) => void)[] = [];
  let running = 0;
  let most = 0;
  return {
    started: () => ends.length,
    most: () => most,
    end: (index: number, error?: Error) => ends[index]?.(error),
    async sync(): Promise<void> {
      running += 1;
      most = Math.max(most, running);
      try {
        await new Promise<void>((resolve, reject) => {
          ends.push((error) => (error ? reject(error) : resolve()));
        });
      } finally {
        running -= 1;
      }
    },
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a group sync", () => {
  test("syncs at once when none runs", async () => {
    const manual = createManualSync();
    const sync = createGroupSync(manual.sync);
    const done = sync();
    await turn();
    expect(manual.started()).toBe(1);
    manual.end(0);
    await done;
    const again = sync();
    await turn();
    expect(manual.started()).toBe(2);
    manual.end(1);
    await again;
  });

  test("shares the next sync among all who come while one runs", async () => {
    const manual = createManualSync();
    const sync = createGroupSync(manual.sync);
    const first = sync();
    await turn();
    const others = [sync(), sync(), sync()];
    manual.end(0);
    await first;
    await turn();
    expect(manual.started()).toBe(2);
    manual.end(1);
    await Promise.all(others);
    expect(manual.most()).toBe(1);
  });

  test("resolves only after a sync that began after the call", async () => {
    const manual = createManualSync();
    const sync = createGroupSync(manual.sync);
    const first = sync();
    await turn();
    let synced = false;
    const late = sync().then(() => {
      synced = true;
    });
    manual.end(0);
    await first;
    await turn();
    expect(synced).toBe(false);
    manual.end(1);
    await late;
  });

  test("gives a failure to those who shared it, and to nobody else", async () => {
    const manual = createManualSync();
    const sync = createGroupSync(manual.sync);
    const first = sync();
    await turn();
    const [second, third] = [sync(), sync()];
    manual.end(0, new Error("broken"));
    await expect(first).rejects.toThrow("broken");
    await turn();
    manual.end(1, new Error("still broken"));
    await expect(second).rejects.toThrow("still broken");
    await expect(third).rejects.toThrow("still broken");
    const fourth = sync();
    await turn();
    manual.end(2);
    await fourth;
  });

  // Red when a call that comes just as one ends can begin another beside the one that waits for that end.
  test("runs one at a time, however calls and ends mix", async () => {
    let running = 0;
    let most = 0;
    let count = 0;
    const sync = createGroupSync(async () => {
      running += 1;
      most = Math.max(most, running);
      for (let turns = count % 5; turns > 0; turns -= 1) await Promise.resolve();
      count += 1;
      running -= 1;
    });
    const chain = async (turns: number) => {
      for (let step = 0; step < 30; step += 1) {
        for (let wait = (turns * step) % 4; wait > 0; wait -= 1) await Promise.resolve();
        await sync();
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => chain(index)));
    expect(most).toBe(1);
    expect(count).toBeLessThan(8 * 30);
  });
});
