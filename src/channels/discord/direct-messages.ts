import { Routes } from "discord.js";
import * as z from "zod";
import { createLimit } from "../../runtime/limit.ts";
import type { Beginning } from "./beginning.ts";
import { isRefused, reasonOf } from "./errors.ts";
import type { Intake } from "./intake.ts";
import { type ConversationKey, conversationKey, type KeptMarks } from "./kept-marks.ts";

const channelSchema = z.object({
  id: z.string().regex(/^\d+$/),
  last_message_id: z.string().nullish(),
});

const CONCURRENT_OPENINGS = 4;
const USER_ID = /^\d+$/;

type OnMissed = (key: ConversationKey) => void;

/** Opens the private chats with the users that the configuration names, so that each has a mark from the start. */
export interface DirectMessages {
  /**
   * Opens those that are not open yet. `onMissed`: something was written there already that is to be answered.
   * Rejects with the first error of those that may work later.
   */
  open(onMissed: OnMissed): Promise<void>;
}

export function createDirectMessages(
  intake: Intake,
  kept: KeptMarks,
  beginning: Beginning,
): DirectMessages {
  const { rest, signal, log, options } = intake;
  const done = new Set<string>();
  const limit = createLimit(CONCURRENT_OPENINGS);

  async function openOne(user: string, onMissed: OnMissed): Promise<void> {
    const body = { recipient_id: user };
    const channel = channelSchema.parse(await rest.post(Routes.userChannels(), signal, body));
    const key = conversationKey("private", channel.id);
    kept.knows(key, user);
    done.add(user);
    if (kept.get(key) !== undefined) return;
    const newest = channel.last_message_id ?? "0";
    const start = beginning.of(newest);
    await kept.set(key, start);
    if (start !== newest) onMissed(key);
  }

  async function tryOne(user: string, onMissed: OnMissed): Promise<void> {
    try {
      await openOne(user, onMissed);
    } catch (error) {
      if (!isRefused(error)) throw error;
      log.warn(
        { user, reason: reasonOf(error) },
        "cannot open the private chat with a user of allow_from",
      );
      done.add(user);
    }
  }

  return {
    async open(onMissed) {
      const users = options.allow_from.filter((user) => USER_ID.test(user) && !done.has(user));
      const results = await Promise.allSettled(
        users.map((user) => limit(() => tryOne(user, onMissed))),
      );
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    },
  };
}
