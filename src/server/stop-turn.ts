import type { Stopped } from "../commands/command.ts";
import type { InboundEvent } from "../events/event.ts";
import type { EventBus } from "../events/event-bus.ts";
import { parseEventFileName } from "../events/event-name.ts";
import type { Handle, HandleContext } from "../events/outcome.ts";
import { type Clock, pause } from "../runtime/clock.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import type { RunningTurns } from "./running-turns.ts";

export interface StopDeps {
  readonly lanes: Pick<EventBus, "head" | "takeOver">;
  readonly turns: Pick<RunningTurns, "stop">;
  readonly sessions: Pick<SessionStore, "current" | "read">;
  readonly clock: Clock;
}

/** How often to look whether the turn has ended, and for how long. */
const LOOK_MS = 10;
const PATIENCE_MS = 5_000;

/**
 * Ends the first message that its sender is owed an answer to, whether its turn runs or waits; never one that came after
 * the `/stop`. Which one it is, is noted first: handled again after a kill, a `/stop` stops no other. Resolves when the
 * message is settled. `endNow` is the handling of one that waits.
 */
export async function stopTurn(
  deps: StopDeps,
  { event, context }: { readonly event: InboundEvent; readonly context: HandleContext },
  endNow: Handle<InboundEvent>,
): Promise<Stopped> {
  const head = () => deps.lanes.head("InboundEvent", event.source);
  const before = context.progress.stops;
  const target = before ?? olderThan(event, head()?.ref);
  if (target === undefined) return { stopped: false, waiting: 0 };
  if (before === undefined) await context.note({ stops: target }, { sync: false });
  const acted = await end(deps, { event, context, target }, endNow);
  const stopped = acted || (before !== undefined && (await wasStopped(deps, event)));
  const next = head();
  return { stopped, waiting: next ? next.behind + 1 : 0 };
}

const olderThan = ({ id }: InboundEvent, ref: string | undefined) =>
  (parseEventFileName(ref ?? "")?.id ?? id) < id ? ref : undefined;

interface Target {
  readonly event: InboundEvent;
  readonly context: HandleContext;
  readonly target: string;
}

/** Whether there was anything to end. */
async function end(
  { lanes, turns, clock }: StopDeps,
  { event, context, target }: Target,
  endNow: Handle<InboundEvent>,
): Promise<boolean> {
  const until = clock.now() + PATIENCE_MS;
  let acted = false;
  for (;;) {
    const head = lanes.head("InboundEvent", event.source);
    if (head?.ref !== target) return acted;
    // One that is being handled and does not run is about to begin, or is being settled.
    if (turns.stop(event.source)) acted = true;
    else if (!head.busy && (await takeOver(lanes, target, endNow))) return true;
    if (clock.now() >= until) return acted;
    await pause(clock, LOOK_MS, context.signal);
    context.signal.throwIfAborted();
  }
}

/** Whether the message was ended as stopped, and not as something that it had become before. */
async function takeOver(
  lanes: StopDeps["lanes"],
  target: string,
  endNow: Handle<InboundEvent>,
): Promise<boolean> {
  let stopped = false;
  await lanes.takeOver("InboundEvent", target, async (event, context) => {
    const outcome = await endNow(event, context);
    stopped = outcome.kind === "done" && outcome.emit === undefined;
    return outcome;
  });
  return stopped;
}

/** Whether the process that died had stopped it. */
async function wasStopped({ sessions }: StopDeps, event: InboundEvent): Promise<boolean> {
  const session = sessions.current(event.source);
  const history = session ? await sessions.read(session.id) : [];
  return history.some(
    (line) =>
      line.role === "assistant" && line.ended === "stopped" && line.timestamp >= event.timestamp,
  );
}
