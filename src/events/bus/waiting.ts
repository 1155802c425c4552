/**
 * Events that wait for something to happen, by what it is. Those that the last process left and those that came since
 * are called in turn, so that a backlog, however long, holds up nobody who speaks now.
 */
export interface Waiting<T> {
  add(what: string, item: T): void;
  delete(what: string, item: T): void;
  all(what: string): readonly T[];
  /** Whose turn it is: of each kind, the one that has waited longest. */
  first(what: string): T | undefined;
}

interface Queue<T> {
  readonly young: Set<T>;
  readonly old: Set<T>;
  oldIsNext: boolean;
}

export function createWaiting<T>(isOld: (item: T) => boolean): Waiting<T> {
  const queues = new Map<string, Queue<T>>();
  const setOf = (queue: Queue<T>, item: T) => (isOld(item) ? queue.old : queue.young);

  return {
    add(what, item) {
      const queue = queues.get(what) ?? { young: new Set(), old: new Set(), oldIsNext: false };
      queues.set(what, queue);
      setOf(queue, item).add(item);
    },
    delete(what, item) {
      const queue = queues.get(what);
      if (!queue) return;
      setOf(queue, item).delete(item);
      if (queue.young.size + queue.old.size === 0) queues.delete(what);
    },
    all(what) {
      const queue = queues.get(what);
      return queue ? [...queue.young, ...queue.old] : [];
    },
    first(what) {
      const queue = queues.get(what);
      if (!queue) return undefined;
      const [[young], [old]] = [queue.young, queue.old];
      const first = queue.oldIsNext ? (old ?? young) : (young ?? old);
      queue.oldIsNext = first === young;
      return first;
    },
  };
}
