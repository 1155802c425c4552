import * as z from "zod";
import { repeatUntilAborted } from "../reconnect.ts";
import { CALL_DEADLINE_MS } from "./client.ts";
import { type Connection, connectedReporter, explain } from "./connection.ts";
import { fetchIdentity, takeUpdates } from "./intake.ts";
import { registerMenu } from "./menu.ts";
import type { BotIdentity } from "./update.ts";
import { ALLOWED_UPDATES } from "./wire.ts";

/** How long Telegram may hold a poll when there is nothing to give. */
const LONG_POLL_S = 30;
/** The first poll tells at once that polling works; after a conflict it takes a while to tell. */
const FIRST_POLL_S = 0;
const POLL_AFTER_CONFLICT_S = 5;
/** A poll that is this much late will never be answered. */
const GRACE_MS = 10_000;
/** Two polls that were never answered. */
const MAX_SILENCE_MS = 2 * (LONG_POLL_S * 1000 + GRACE_MS) + 10_000;
const BATCH = 100;
/** A server that answers long polls with nothing at once would be asked without a pause. */
const SHORTEST_EMPTY_POLL_MS = 250;

const updatesSchema = z.array(z.looseObject({ update_id: z.number() }));

/**
 * Long polling, a batch at a time: given to the receiver, then confirmed by the next poll. Resolves when the signal
 * has aborted and nothing is in flight.
 */
export async function receiveByPolling(connection: Connection): Promise<void> {
  const { intake } = connection;
  const { signal, receiver } = intake;
  let me: BotIdentity | undefined;
  /** What the next poll confirms. Only until it has: ids may start anew, lower, after a quiet week. */
  let offset: number | undefined;
  let timeoutS = FIRST_POLL_S;
  let menu: Promise<void> | undefined;
  const reportConnected = connectedReporter(intake, MAX_SILENCE_MS);

  async function step(): Promise<void> {
    me ??= await fetchIdentity(intake);
    const updates = await fetchUpdates(connection, { timeoutS, offset });
    offset = undefined;
    await takeUpdates(updates, me, intake);
    if (updates.length > 0) offset = Math.max(...updates.map((update) => update.update_id)) + 1;
    timeoutS = LONG_POLL_S;
    reportConnected(me);
    menu ??= registerMenu(intake);
  }

  receiver.report({ kind: "connecting" });
  await repeatUntilAborted(step, {
    ...connection,
    clock: intake.clock,
    signal,
    async onFailure(error) {
      const trouble = await explain(error, connection);
      timeoutS = trouble.conflict ? POLL_AFTER_CONFLICT_S : FIRST_POLL_S;
      reportConnected.forget();
      receiver.report(trouble.state);
      return trouble.wait;
    },
  });
  await menu;
}

async function fetchUpdates(
  { intake }: Connection,
  { timeoutS, offset }: { timeoutS: number; offset: number | undefined },
): Promise<z.output<typeof updatesSchema>> {
  const args = {
    timeout: timeoutS,
    limit: BATCH,
    allowed_updates: ALLOWED_UPDATES,
    ...(offset === undefined ? {} : { offset }),
  };
  const { client, clock, signal } = intake;
  const startedAt = clock.now();
  const answer = await client.call((api, abort) => api.getUpdates(args, abort), {
    deadlineMs: timeoutS === 0 ? CALL_DEADLINE_MS : timeoutS * 1000 + GRACE_MS,
    signal,
  });
  const updates = updatesSchema.parse(answer);
  const held = timeoutS === 0 || clock.now() - startedAt >= SHORTEST_EMPTY_POLL_MS;
  if (updates.length === 0 && !held) await clock.sleep(SHORTEST_EMPTY_POLL_MS, signal);
  return updates;
}
