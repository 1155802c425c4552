/**
 * Shares one sync among all who ask at about the same time: a call resolves after a sync that *began* after the call.
 * At most one runs; whoever comes meanwhile shares the next one, and its failure.
 */
export function createGroupSync(sync: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  function start(): Promise<void> {
    next = undefined;
    last = sync();
    return last;
  }

  return () => {
    // The last one's failure belongs to those who asked for it.
    next ??= last.then(start, start);
    return next;
  };
}
