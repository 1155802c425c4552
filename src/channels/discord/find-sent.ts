import { Routes } from "discord.js";
import * as z from "zod";
import type { Found, SendContext } from "../channel.ts";
import { isHidden } from "./hidden-history.ts";
import { PAGE_SIZE } from "./history.ts";
import type { Rest } from "./rest.ts";
import { compareIds, firstIdAt } from "./snowflake.ts";

/** Where neither a message before the part nor the one that it answers is known. */
const WITHOUT_A_PLACE_MS = 24 * 3_600_000;
/** Conversations whose last message is kept in memory. */
const MAX_LAST_SENT = 1_000;

const pageSchema = z.array(z.object({ id: z.string() }));
const sentSchema = z.array(
  z.object({ id: z.string(), content: z.string(), author: z.object({ id: z.string() }) }),
);

export interface Search {
  readonly rest: Rest;
  readonly context: SendContext;
  readonly channelId: string;
  /** The bot's own id. */
  readonly author: string;
  /** The text as Discord shows it. */
  readonly content: string;
}

/**
 * The history does not tell nonces: author and text must do, behind a message that is older than the part. All of that
 * is told by Discord's ids, so that a clock that is set back or forth makes no difference.
 */
export async function findSent(search: Search): Promise<Found> {
  const { rest, context, channelId, author, content } = search;
  const { signal } = context;
  for (let after = context.after ?? placeOf(search); ; ) {
    const query = { after, limit: String(PAGE_SIZE) };
    const answer = await rest.get(Routes.channelMessages(channelId), signal, query);
    const page = sentSchema.parse(answer);
    const found = page.find(
      (message) => message.author.id === author && message.content === content,
    );
    if (found) return { messageId: found.id };
    if (page.length === 0 && (await isHidden({ ...search, after, signal }))) return "unknown";
    if (page.length < PAGE_SIZE) return "absent";
    after = page.map(({ id }) => id).reduce((a, b) => (compareIds(a, b) > 0 ? a : b));
  }
}

/** A place before the part, when the one that was noted is lost: an answer stands behind what it answers. */
function placeOf({ context, rest }: Search): string {
  const cause = /^discord\/.*\/(\d+)$/.exec(context.cause ?? "")?.[1];
  return cause ?? firstIdAt(context.firstTriedAt + rest.clockSkewMs() - WITHOUT_A_PLACE_MS);
}

/** "0" for a conversation without messages. */
export async function newestMessage(
  rest: Rest,
  channelId: string,
  signal: AbortSignal,
): Promise<string> {
  const answer = await rest.get(Routes.channelMessages(channelId), signal, { limit: "1" });
  return pageSchema.parse(answer)[0]?.id ?? "0";
}

/** Our last message of each conversation that was used lately: it spares a question before each reply. */
export interface LastSent {
  get(channelId: string): string | undefined;
  set(channelId: string, messageId: string): void;
  forget(channelId: string): void;
}

export function createLastSent(): LastSent {
  const last = new Map<string, string>();
  return {
    get: (channelId) => last.get(channelId),
    set(channelId, messageId) {
      last.delete(channelId);
      last.set(channelId, messageId);
      const [oldest] = last.keys();
      if (last.size > MAX_LAST_SENT && oldest !== undefined) last.delete(oldest);
    },
    forget: (channelId) => void last.delete(channelId),
  };
}
