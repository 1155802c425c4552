import { join } from "node:path";
import { createEventBus } from "../../src/events/bus/create-event-bus.ts";
import { createFileEventStore } from "../../src/events/file-store/file-event-store.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import type { Log } from "../../src/runtime/log.ts";
import { createGate, type Gate } from "../../test/rig/gate.ts";
import type { Outbox } from "./outbox.ts";

const nothing = () => undefined;
const silent: Log = {
  ...{ debug: nothing, info: nothing, warn: nothing, error: nothing },
  child: () => silent,
};
const RETENTION = { keepMs: 48 * 3_600_000, keepCount: 200_000 };

/** The product's own bus and file store; a consumer that has nothing to do settles each event. */
export async function openSpine(folder: string): Promise<Outbox> {
  const stop = new AbortController();
  const shared = { clock: systemClock, log: silent };
  const store = createFileEventStore({
    ...{ directory: join(folder, ".event"), retention: RETENTION, files: nodeFileOps, ...shared },
  });
  const bus = createEventBus({ store, random: Math.random, abort: stop.signal, ...shared });
  let gate: Gate | undefined;
  const isIdle = () => bus.counts().inbox === 0;
  bus.observe(({ kind }) => {
    if (kind === "done" && gate && isIdle()) gate.open();
  });
  const running = bus.run(stop.signal);
  await bus.ready();
  const consumer = bus.consume("InboundEvent", { concurrency: 64 }, async () => ({ kind: "done" }));
  return {
    publish: ({ key, chat, text }) =>
      bus.publish([
        {
          ...{ type: "InboundEvent", key, channel: "telegram", address: { chat } },
          ...{ lane: `platform-telegram:${chat}:${chat}`, sender: { id: chat, name: "Ada" } },
          ...{ source: `platform-telegram:${chat}:${chat}`, messageId: "7", sentAt: Date.now() },
          content: text,
        },
      ]),
    async settled() {
      gate = createGate();
      if (!isIdle()) await gate.opened;
      gate = undefined;
    },
    async close() {
      await consumer.stop();
      stop.abort();
      await running;
    },
  };
}
