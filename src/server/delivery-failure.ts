import type { Channel } from "../channels/channel.ts";
import { DeliveryError, type DeliveryFailure } from "../channels/delivery-error.ts";
import type { NewEvent, OutboundEvent } from "../events/event.ts";
import type { HandleContext, Outcome, Progress, Sending } from "../events/outcome.ts";
import { assertNever } from "../runtime/assert-never.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import { formatDuration } from "../runtime/duration.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { isHopeless } from "./bugs.ts";
import { channelWake } from "./channel-wake.ts";

export interface DeliveryPolicy {
  /** How long a delivery is tried, from its first attempt, ms; and how old it may be when the process starts. */
  readonly giveUpAfterMs: number;
  /** Put before a part that may be a repeat; empty = nothing. */
  readonly repeatLabel: string;
  /** Tells the owner of a dead letter; nothing if there is no owner to tell. */
  readonly deadLetterNotice: (event: OutboundEvent, reason: string) => readonly NewEvent[];
  /** The same for all that were too old at the start (UTC ms): one message for however many. */
  readonly expiredNotice: (event: OutboundEvent, startedAt: number) => readonly NewEvent[];
}

interface FailedDelivery {
  readonly event: OutboundEvent;
  readonly channel: Channel;
  readonly context: HandleContext;
  readonly sending: Sending;
  /** Whether an earlier send of this part may have arrived: a clean failure now does not change that. */
  readonly ambiguous: boolean;
  readonly error: unknown;
}

interface FailureDeps extends DeliveryPolicy {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const BACKOFF = { firstMs: 1000, maxMs: 600_000 };
const LOOK_AGAIN_MS = 60_000;

/** A bug says nothing about what the platform got; the age limit keeps it from holding up the chat for ever. */
const UNKNOWN: DeliveryFailure = { kind: "transient", ambiguous: true };

/** What is to happen after a send has failed. */
export async function afterFailure(deps: FailureDeps, failed: FailedDelivery): Promise<Outcome> {
  const { error, context } = failed;
  if (context.signal.aborted) throw error;
  if (!(error instanceof DeliveryError)) {
    const { id, key } = failed.event;
    deps.log.error({ event: id, key, err: error }, "sending failed by a bug");
  }
  const failure = error instanceof DeliveryError ? error.failure : UNKNOWN;
  const reason = errorMessage(error);
  const left = failed.ambiguous || (failure.kind === "transient" && failure.ambiguous);
  const progress = { sending: { ...failed.sending, left } };
  switch (failure.kind) {
    case "transient":
      return deps.clock.now() - context.firstAttemptAt >= deps.giveUpAfterMs
        ? giveUp(deps, failed, { reason: expired(deps, reason), progress })
        : {
            kind: "retry",
            afterMs: backoffMs(context.attempt, { ...BACKOFF, random: deps.random }),
            reason,
            progress,
          };
    case "rate-limited":
      return { kind: "retry", afterMs: failure.retryAfterMs, reason, counted: false, progress };
    case "permanent":
      return giveUp(deps, failed, { reason, progress });
    case "disconnected":
      await context.note(progress, { sync: false });
      return waitForChannel(deps, failed);
    default:
      return assertNever(failure);
  }
}

/** A delivery that fails by a bug each time, before anything could be sent, ends by age like any other. */
export function afterBug(
  deps: FailureDeps,
  { event, context, error }: Pick<FailedDelivery, "event" | "context" | "error">,
): Outcome {
  if (!isHopeless(error, context, { ...deps, now: deps.clock.now() })) throw error;
  const reason = expired(deps, errorMessage(error));
  return { kind: "dead", reason, emit: deps.deadLetterNotice(event, reason) };
}

const DAY_MS = 24 * 3_600_000;

interface Waited {
  readonly event: OutboundEvent;
  readonly channel: Channel;
  readonly context: HandleContext;
}

/**
 * What was too old when the process started is not sent any more: days later nobody waits for a hundred old answers.
 * Too old is a day at least: an impatient `give_up_after` ends no reply that this process has not tried.
 * What gets old while it waits for its channel in this process is tried. People fetch at their leisure, and what an
 * operator wants to be sent is never too old.
 */
export function expireOld(
  deps: DeliveryPolicy & { readonly startedAt: number },
  { event, channel, context }: Waited,
): Outcome | undefined {
  const { startedAt, giveUpAfterMs } = deps;
  const { revived, wanted } = context.progress;
  const tooOldMs = Math.max(giveUpAfterMs, DAY_MS);
  if (startedAt - event.timestamp < tooOldMs || revived || wanted) return undefined;
  if (channel.unreadAfterMs?.(event.address) !== undefined) return undefined;
  const reason = `Expired: older than ${formatDuration(tooOldMs)} when the server started, so it was not sent`;
  return { kind: "dead", reason, emit: deps.expiredNotice(event, startedAt) };
}

const expired = ({ giveUpAfterMs }: DeliveryPolicy, reason: string) =>
  `Expired: not delivered within ${formatDuration(giveUpAfterMs)} of the first attempt; the last one: ${reason}`;

/** Whether the part may have arrived is kept: somebody may have it tried again. */
async function giveUp(
  deps: FailureDeps,
  { event, context }: FailedDelivery,
  { reason, progress }: { reason: string; progress: Progress },
): Promise<Outcome> {
  await context.note(progress, { sync: false });
  return { kind: "dead", reason, emit: deps.deadLetterNotice(event, reason) };
}

/** Nothing was tried. Replies that people fetch themselves are unread, not dead, when nobody came. */
function waitForChannel(deps: FailureDeps, { event, channel }: FailedDelivery): Outcome {
  const now = deps.clock.now();
  const unreadAfterMs = channel.unreadAfterMs?.(event.address);
  if (unreadAfterMs !== undefined && now - event.timestamp >= unreadAfterMs) {
    deps.log.warn({ event: event.id, key: event.key }, "nobody fetched a reply");
    return { kind: "done" };
  }
  return { kind: "wait", for: channelWake(event.channel), until: now + LOOK_AGAIN_MS };
}
