/** Runs at most `max` tasks at once; the others wait in order. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

export function createLimit(max: number): Limit {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (task) => {
    if (running < max) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // The place is handed over, so that nobody who comes just now takes it out of turn.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
