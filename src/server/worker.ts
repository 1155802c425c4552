/** A part of the server that runs beside the others; workers meet only on the bus. */
export interface Worker {
  readonly name: string;
  /**
   * Runs until the signal aborts, then resolves when its work in flight is settled. Rejecting, or resolving before the
   * signal aborted, is a crash: the supervisor runs it again. Leaves nothing behind either way.
   */
  run(signal: AbortSignal): Promise<void>;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
