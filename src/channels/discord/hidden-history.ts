import { Routes } from "discord.js";
import * as z from "zod";
import type { Rest } from "./rest.ts";
import { compareIds } from "./snowflake.ts";

const channelSchema = z.object({ last_message_id: z.string().nullish() });

export interface Place {
  readonly rest: Rest;
  readonly channelId: string;
  /** The history showed nothing behind this message. */
  readonly after: string;
  readonly signal: AbortSignal;
}

export const HIDDEN =
  "it shows nothing of what was written: the right Read Message History is missing, or everything was deleted";

/**
 * Without the right Read Message History, Discord answers with an empty page instead of a refusal. But a channel tells
 * which message is its last one, so an empty page is not taken for "nobody wrote". Rejects with the client's errors.
 */
export async function isHidden({ rest, channelId, after, signal }: Place): Promise<boolean> {
  const channel = channelSchema.parse(await rest.get(Routes.channel(channelId), signal));
  const last = channel.last_message_id;
  return last !== null && last !== undefined && compareIds(last, after) > 0;
}
