"use strict";
// Preloaded: notes each timer that rings, by the place where it was made, and tells on the message "timers". Timers of
// all kinds are seen: the global ones, those of node:timers/promises, and those that sockets have.
const { createHook } = require("node:async_hooks");

const KINDS = new Set(["Timeout"]);
const places = new Map();
let rings = new Map();

/** Who asked for it: not the helpers through which everybody asks. */
function placeOf({ stack = "" }) {
  const lines = stack
    .split("\n")
    .slice(1)
    .map((line) => line.trim());
  const helpers =
    /timers\.cjs|node:internal|node:timers|async_hooks|new Promise|at after |at sleepWith |\.sleep |at pause /;
  return lines
    .filter((line) => !helpers.test(line))
    .slice(0, 3)
    .join(" < ");
}

Error.stackTraceLimit = 20;
createHook({
  init(id, kind) {
    if (KINDS.has(kind)) places.set(id, placeOf(new Error(kind)));
  },
  before(id) {
    const place = places.get(id);
    if (place !== undefined) rings.set(place, (rings.get(place) ?? 0) + 1);
  },
  destroy: (id) => void places.delete(id),
}).enable();

process.on("message", (message) => {
  if (message !== "timers") return;
  const { loopCount } = require("node:perf_hooks").performance.nodeTiming.uvMetricsInfo;
  process.send?.({ rings: Object.fromEntries(rings), loopCount });
  rings = new Map();
});
process.channel?.unref();
