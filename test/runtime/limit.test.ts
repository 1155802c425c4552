import { describe, expect, test } from "vitest";
import { createLimit } from "../../src/runtime/limit.ts";

/** Tasks that end when the test says so. */
function createTasks() {
  const ends: ((error?: Error) => void)[] = [];
  let most = 0;
  let running = 0;
  return {
    most: () => most,
    started: () => ends.length,
    end: (index: number, error?: Error) => ends[index]?.(error),
    async task(): Promise<void> {
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

describe("a limit", () => {
  test("runs as many at once as it may, and no more", async () => {
    const tasks = createTasks();
    const limit = createLimit(2);
    const all = [1, 2, 3].map(() => limit(tasks.task));
    await turn();
    expect(tasks.started()).toBe(2);
    tasks.end(0);
    await turn();
    expect(tasks.started()).toBe(3);
    tasks.end(1);
    tasks.end(2);
    await Promise.all(all);
    expect(tasks.most()).toBe(2);
  });

  test("gives a slot that becomes free to who waits, not to a newcomer beside it", async () => {
    const tasks = createTasks();
    const limit = createLimit(1);
    // The newcomer asks at the first moment at which the slot could look free.
    const first = limit(tasks.task).then(() => limit(tasks.task));
    const second = limit(tasks.task);
    await turn();
    tasks.end(0);
    for (const index of [1, 2]) {
      await turn();
      tasks.end(index);
    }
    await Promise.all([first, second]);
    expect(tasks.most()).toBe(1);
  });

  test("never runs more than it may, however tasks end and come", async () => {
    let running = 0;
    let most = 0;
    const limit = createLimit(3);
    const work = (turns: number) => async () => {
      running += 1;
      most = Math.max(most, running);
      for (let count = 0; count < turns; count += 1) await Promise.resolve();
      running -= 1;
    };
    const chain = async (turns: number) => {
      for (let count = 0; count < 20; count += 1) await limit(work((turns * count) % 7));
    };
    await Promise.all(Array.from({ length: 10 }, (_, index) => chain(index)));
    expect(most).toBe(3);
  });

  test("starts those that wait in their order", async () => {
    const order: number[] = [];
    const limit = createLimit(1);
    await Promise.all([1, 2, 3, 4].map((n) => limit(async () => void order.push(n))));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test("hands on the slot of a task that failed, and its error", async () => {
    const limit = createLimit(1);
    const failed = limit(async () => Promise.reject(new Error("no")));
    const next = limit(async () => "yes");
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("yes");
    expect(await limit(async () => "and on")).toBe("and on");
  });
});
