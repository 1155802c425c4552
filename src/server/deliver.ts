import type { Channel, OutgoingPart, SendContext } from "../channels/channel.ts";
import { DeliveryError } from "../channels/delivery-error.ts";
import { splitTextInTurns } from "../channels/split-text.ts";
import type { OutboundEvent } from "../events/event.ts";
import type { HandleContext, Outcome, Progress } from "../events/outcome.ts";
import { backoffMs } from "../runtime/backoff.ts";
import { type Clock, pause } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { ChannelRegistry, LiveChannel } from "./channel-registry.ts";
import { channelWake, paceWake } from "./channel-wake.ts";
import { afterBug, afterFailure, type DeliveryPolicy, expireOld } from "./delivery-failure.ts";
import type { DeliveryPace } from "./delivery-pace.ts";

export interface DeliveryDeps {
  readonly channels: ChannelRegistry;
  readonly policy: () => DeliveryPolicy;
  readonly pace: DeliveryPace;
  readonly boot: string;
  /** Of this process, UTC ms. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** How long until a channel that is not there is looked for again, should it come back unnoticed. */
const LOOK_AGAIN_MS = 600_000;

interface Delivery {
  readonly event: OutboundEvent;
  readonly live: LiveChannel;
  readonly channel: Channel;
  readonly parts: readonly string[];
  readonly context: HandleContext;
}

/**
 * Sends the parts that are not confirmed yet, in order. Before each send it notes "sending part k since t" (unsynced:
 * it survives a kill); after each but the last the receipt is synced before anything else is sent, so that a power cut
 * repeats at most one part. The last receipt is the event leaving `pending/`.
 */
export async function deliver(
  deps: DeliveryDeps,
  event: OutboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  try {
    return await tryDeliver(deps, event, context);
  } catch (error) {
    return afterBug({ ...deps, ...deps.policy() }, { event, context, error });
  }
}

async function tryDeliver(
  deps: DeliveryDeps,
  event: OutboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  const live = deps.channels.get(event.channel);
  if (!live?.channel) {
    return {
      kind: "wait",
      for: channelWake(event.channel),
      until: deps.clock.now() + LOOK_AGAIN_MS,
    };
  }
  const { channel } = live;
  const { startedAt } = deps;
  const expired = expireOld({ ...deps.policy(), startedAt }, { event, channel, context });
  if (expired) return expired;
  const parts = context.progress.parts ?? (await makeParts(event, channel));
  return sendParts(deps, { event, live, channel, parts, context });
}

async function makeParts({ content }: OutboundEvent, channel: Channel): Promise<readonly string[]> {
  const text = (await channel.prepare?.(content)) ?? content;
  return splitTextInTurns(text, channel.limits.textLength);
}

async function sendParts(deps: DeliveryDeps, delivery: Delivery): Promise<Outcome> {
  const { context, parts, event } = delivery;
  const noted = context.progress.receipts?.length ?? 0;
  let progress: Progress = { receipts: [], ...context.progress, parts };
  for (let part = noted; part < parts.length; part += 1) {
    const newReceipt = part > noted;
    const waitMs = takePace(deps, delivery);
    if (waitMs > 0) {
      if (newReceipt) await noteReceipt(deps, delivery, progress);
      return paceWait(deps, event, waitMs);
    }
    const planned = planAttempt(deps, { event, progress, part });
    const attempt = await placeAttempt(delivery, planned);
    if (attempt instanceof DeliveryError)
      return failed(deps, delivery, { ...planned, error: attempt });
    progress = { ...progress, sending: attempt.sending };
    await noteSending(deps, delivery, { progress, newReceipt });
    try {
      progress = confirmed(deps, progress, await sendPart(deps, delivery, attempt));
    } catch (error) {
      return failed(deps, delivery, { ...attempt, error });
    }
    deps.log.info({ event: event.id, key: event.key, part, of: parts.length }, "part confirmed");
  }
  return { kind: "done" };
}

const failed = (deps: DeliveryDeps, delivery: Delivery, what: Attempt & { error: unknown }) =>
  afterFailure({ ...deps, ...deps.policy() }, { ...delivery, ...what });

/** One part more is confirmed, and the next one is known not to have been sent. */
function confirmed({ boot, clock }: DeliveryDeps, progress: Progress, messageId: string): Progress {
  const receipts = [...(progress.receipts ?? []), messageId];
  return {
    ...progress,
    receipts,
    sending: { part: receipts.length, at: clock.now(), boot, left: false },
  };
}

/** With a place in the line there is only a time to wait for, without one a place. */
function paceWait({ clock }: DeliveryDeps, { channel }: OutboundEvent, waitMs: number): Outcome {
  return Number.isFinite(waitMs)
    ? { kind: "wait", for: "pace", until: clock.now() + waitMs }
    : { kind: "wait", for: paceWake(channel), until: clock.now() + LOOK_AGAIN_MS };
}

function takePace({ pace }: DeliveryDeps, { live, event }: Delivery): number {
  const { rate } = live.spec.settings;
  return rate ? pace.take(event.channel, event.address, rate) : 0;
}

async function noteSending(
  deps: DeliveryDeps,
  delivery: Delivery,
  { progress, newReceipt }: { progress: Progress; newReceipt: boolean },
): Promise<void> {
  if (newReceipt) await noteReceipt(deps, delivery, progress);
  else await delivery.context.note(progress, { sync: false });
}

/** A receipt must not be forgotten: until it is durable, nothing else happens in this conversation. */
async function noteReceipt(deps: DeliveryDeps, { context, event }: Delivery, progress: Progress) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await context.note(progress, { sync: true });
    } catch (error) {
      deps.log.error({ event: event.id, err: error }, "cannot note a confirmed part; trying again");
      const ms = backoffMs(attempt, { firstMs: 200, maxMs: 10_000, random: deps.random });
      await pause(deps.clock, ms, context.signal);
      context.signal.throwIfAborted();
    }
  }
}

interface Attempt {
  readonly part: number;
  /** Whether an earlier send of this part may have arrived. */
  readonly ambiguous: boolean;
  readonly sending: NonNullable<Progress["sending"]>;
}

function planAttempt(
  { boot, clock }: DeliveryDeps,
  { event, progress, part }: { event: OutboundEvent; progress: Progress; part: number },
): Attempt {
  const before = progress.sending?.part === part ? progress.sending : undefined;
  // After another boot, an unsynced note may be missing: the part may have been sent without a trace.
  const rebooted = (before?.boot ?? event.boot) !== boot;
  const ambiguous = before?.left === true || rebooted;
  const at = ambiguous ? (before?.at ?? event.timestamp) : clock.now();
  const after = progress.receipts?.[part - 1] ?? before?.after;
  return { part, ambiguous, sending: { part, at, boot, after, left: true } };
}

/** Where the part will stand in the conversation's history, if that can be searched and nothing of it has left yet. */
async function placeAttempt(
  { channel, event, context }: Delivery,
  attempt: Attempt,
): Promise<Attempt | DeliveryError> {
  if (attempt.ambiguous || attempt.sending.after !== undefined) return attempt;
  try {
    const after = await channel.newestMessage?.(event.address, context.signal);
    return { ...attempt, sending: { ...attempt.sending, after } };
  } catch (error) {
    if (error instanceof DeliveryError) return error;
    throw error;
  }
}

/** Resolves with the platform's id of the message. */
async function sendPart(
  deps: DeliveryDeps,
  { channel, event, parts, context }: Delivery,
  { part, ambiguous, sending }: Attempt,
): Promise<string> {
  const sendContext: SendContext = {
    idempotencyKey: `${event.key}#${part}`,
    firstTriedAt: sending.at,
    after: sending.after,
    cause: event.cause,
    signal: context.signal,
  };
  const outgoing: OutgoingPart = { text: parts[part] ?? "" };
  if (!ambiguous) return (await channel.send(outgoing, event.address, sendContext)).messageId;
  const found = (await channel.findSent?.(outgoing, event.address, sendContext)) ?? "unknown";
  if (typeof found === "object") {
    deps.log.info({ event: event.id, key: event.key, part }, "part had arrived");
    return found.messageId;
  }
  const { repeatLabel } = deps.policy();
  const labelled =
    found === "absent" || repeatLabel === "" ? outgoing : { ...outgoing, label: repeatLabel };
  return (await channel.send(labelled, event.address, sendContext)).messageId;
}
