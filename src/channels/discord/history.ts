import { Routes } from "discord.js";
import * as z from "zod";
import type { Beginning } from "./beginning.ts";
import type { History } from "./conversation.ts";
import { isChannelClosed, reasonOf } from "./errors.ts";
import { HIDDEN, isHidden } from "./hidden-history.ts";
import type { Rest } from "./rest.ts";
import { compareIds } from "./snowflake.ts";
import { type Entry, type ReadContext, readMessage } from "./wire.ts";

/** The most that Discord gives at once. */
export const PAGE_SIZE = 100;

const pageSchema = z.array(z.unknown());

export interface HistoryDeps extends ReadContext {
  readonly rest: Rest;
  readonly beginning: Beginning;
  readonly channelId: string;
  readonly signal: AbortSignal;
  /** Discord refuses to show it (the channel is gone, the bot may not see it), or shows less than there is. */
  onClosed(reason: string, how: "refused" | "hidden"): void;
}

/** A channel's history by Discord's REST API. Rejects with the client's errors. */
export function createHistory(deps: HistoryDeps): History {
  const { rest, channelId, signal, beginning } = deps;

  /** Undefined if the history is closed to the bot. */
  async function read(query: Record<string, string>): Promise<Entry[] | undefined> {
    try {
      const page = await rest.get(Routes.channelMessages(channelId), signal, query);
      return pageSchema.parse(page).map((payload) => readEntry(payload, deps));
    } catch (error) {
      if (!isChannelClosed(error)) throw error;
      deps.onClosed(reasonOf(error), "refused");
      return undefined;
    }
  }

  async function isClosedBehind(after: string): Promise<boolean> {
    // A private chat's history is open to whoever is in it.
    if (deps.kind === "private" || !(await isHidden({ ...deps, after }))) return false;
    deps.onClosed(HIDDEN, "hidden");
    return true;
  }

  return {
    async readPage(after) {
      const entries = await read({ after, limit: String(PAGE_SIZE) });
      if (!entries) return { kind: "closed" };
      if (entries.length === 0 && (await isClosedBehind(after))) return { kind: "closed" };
      entries.sort((a, b) => compareIds(a.id, b.id));
      return { kind: "page", entries, isLast: entries.length < PAGE_SIZE };
    },
    async findStart() {
      const entries = await read({ limit: "1" });
      return entries && beginning.of(entries[0]?.id ?? "0");
    },
  };
}

function readEntry(payload: unknown, context: ReadContext): Entry {
  const entry = readMessage(payload, context);
  if (!entry) throw new Error("Cannot read the history: a message has no id");
  return entry;
}
