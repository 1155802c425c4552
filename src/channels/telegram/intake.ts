import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { errorMessage } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { IncomingMessage, Receiver } from "../channel.ts";
import { CALL_DEADLINE_MS, type TelegramClient } from "./client.ts";
import { readFailure } from "./errors.ts";
import type { BotIdentity } from "./update.ts";
import { readUpdate } from "./wire.ts";

export interface Intake {
  readonly client: TelegramClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly receiver: Receiver;
  readonly signal: AbortSignal;
}

/** The server here could not keep a batch: nothing of it may be confirmed. */
export class NotKeptError extends Error {
  override readonly name = "NotKeptError";
}

/**
 * Gives updates to the receiver, in their order. Resolves when all of them may be confirmed; rejects with a
 * NotKeptError when they may not.
 */
export async function takeUpdates(
  updates: readonly unknown[],
  me: BotIdentity,
  intake: Intake,
): Promise<void> {
  const { receiver, clock } = intake;
  const messages: IncomingMessage[] = [];
  const callbacks: string[] = [];
  const unreadable: { update: unknown; reason: string }[] = [];
  for (const update of updates) {
    const read = readUpdate(update, me, clock.now());
    if (read.kind === "message") messages.push(read.message);
    if (read.kind === "message" && read.callbackId) callbacks.push(read.callbackId);
    if (read.kind === "unreadable") unreadable.push({ update, reason: read.reason });
  }
  try {
    if (messages.length > 0) await receiver.accept(messages);
    for (const { update, reason } of unreadable) await receiver.setAside(update, reason);
  } catch (error) {
    throw new NotKeptError(errorMessage(error), { cause: error });
  }
  for (const id of callbacks) await acknowledge(id, intake);
}

/** Ends the waiting sign on a pressed button. */
async function acknowledge(callbackId: string, { client, log, signal }: Intake): Promise<void> {
  try {
    await client.call(
      (api, abort) => api.answerCallbackQuery({ callback_query_id: callbackId }, abort),
      { deadlineMs: CALL_DEADLINE_MS, signal },
    );
  } catch (error) {
    log.debug({ reason: readFailure(error).reason }, "cannot acknowledge a button");
  }
}

const identitySchema = z.object({ id: z.number(), username: z.string().catch("") });

/** Asks who the bot is: its id is in every key. Rejects with grammY's errors. */
export async function fetchIdentity({
  client,
  signal,
}: Pick<Intake, "client" | "signal">): Promise<BotIdentity> {
  const me = await client.call((api, abort) => api.getMe(abort), {
    deadlineMs: CALL_DEADLINE_MS,
    signal,
  });
  return identitySchema.parse(me);
}
