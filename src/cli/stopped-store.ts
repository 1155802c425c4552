import { createEventBus } from "../events/bus/create-event-bus.ts";
import type { EventBus } from "../events/event-bus.ts";
import { createFileEventStore } from "../events/file-store/file-event-store.ts";
import { systemClock } from "../runtime/clock.ts";
import { createLog } from "../runtime/create-log.ts";
import type { Log } from "../runtime/log.ts";
import { createRedactor } from "../runtime/redact.ts";
import { createReleasers } from "../runtime/releasers.ts";
import type { CommandContext } from "./context.ts";
import { controlPathHere } from "./find-server.ts";
import { lockWorkspace } from "./lock-workspace.ts";
import { logFile } from "./log-file.ts";
import { printError } from "./output.ts";
import { createStopSignals } from "./stop-signals.ts";

/** Does something with the events of a workspace that nobody serves; nothing is answered or sent meanwhile. */
export async function withStoppedStore(
  context: CommandContext,
  use: (bus: EventBus) => Promise<void>,
): Promise<void> {
  const { files } = context;
  const releasers = createReleasers();
  try {
    const { log, close } = await createLog({
      level: "info",
      destination: { kind: "file", path: logFile(context) },
      redactor: createRedactor(),
      files,
      onFailure: (error) => printError(`my-bot: ${error.message}`),
    });
    releasers.add(close);
    const control = await controlPathHere(context);
    const signals = createStopSignals(systemClock, () => undefined);
    releasers.add(async () => signals.dispose());
    const lock = await lockWorkspace(context, log, { control, signal: signals.stop });
    releasers.add(lock.release);
    await useBus(openBus(context, log), use);
  } finally {
    await releasers.releaseAll();
  }
}

function openBus({ paths, files }: CommandContext, log: Log): EventBus {
  const clock = systemClock;
  // Forgetting what is settled is the server's business.
  const retention = { keepMs: Number.POSITIVE_INFINITY, keepCount: Number.POSITIVE_INFINITY };
  const store = createFileEventStore({ directory: paths.events, retention, files, clock, log });
  const abort = new AbortController().signal;
  return createEventBus({ store, clock, random: Math.random, log, abort });
}

async function useBus(bus: EventBus, use: (bus: EventBus) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const running = bus.run(stop.signal);
  try {
    // A store that cannot be opened never gets ready.
    await Promise.race([bus.ready(), running]);
    await use(bus);
  } finally {
    stop.abort();
    await running;
  }
}
