import { monitorEventLoopDelay } from "node:perf_hooks";
import type { EventBus } from "../events/event-bus.ts";

/** How late the event loop came to what was due, ms: what a person waits beside the disk and the network. */
export interface LoopDelay {
  /** Of the time in which events were handled last. */
  readonly p99Ms: number;
  /** Since the start. */
  readonly maxMs: number;
}

const RESOLUTION_MS = 20;
const msOf = (ns: number) => Math.max(Math.round(ns / 1e6) - RESOLUTION_MS, 0);

/** Looks only while events are handled: the histogram's own timer would wake an idle server fifty times a second. */
export function watchLoopDelay(bus: Pick<EventBus, "observe">): () => LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let handled = 0;
  let max = 0;
  bus.observe(({ kind }) => {
    if (kind === "published") return;
    handled += kind === "started" ? 1 : -1;
    if (kind === "started" && handled === 1) {
      max = Math.max(max, histogram.max);
      // Without it, the idle time would count as one long delay.
      histogram.reset();
      histogram.enable();
    }
    if (handled === 0) histogram.disable();
  });
  return () => ({
    p99Ms: histogram.count === 0 ? 0 : msOf(histogram.percentile(99)),
    maxMs: msOf(Math.max(max, histogram.max)),
  });
}
