import type { ConversationMarks } from "../conversation-marks.ts";
import type { DiscordOptions } from "./options.ts";
import { compareIds } from "./snowflake.ts";
import type { ReadContext } from "./wire.ts";

/** "private/<channel id>" or "group/<channel id>": the name of a conversation among the marks. */
export type ConversationKey = `${ReadContext["kind"]}/${string}`;

export const conversationKey = (kind: ReadContext["kind"], channelId: string): ConversationKey =>
  `${kind}/${channelId}`;

export function parseConversationKey(key: string): {
  kind: ReadContext["kind"];
  channelId: string;
} {
  const [kind, channelId = ""] = key.split("/");
  return { kind: kind === "private" ? "private" : "group", channelId };
}

/** The marks of conversations that are worth one: strangers must not fill the disk, nor be read at each start. */
export interface KeptMarks {
  get(key: ConversationKey): string | undefined;
  /** Does nothing for a conversation that is not kept. Resolves at once, unless this is its first mark: then on disk. */
  set(key: ConversationKey, messageId: string): Promise<void>;
  /** Learns who writes in a private conversation, or who it was opened for. */
  knows(key: ConversationKey, userId: string): void;
  /** Every conversation to be read after something may have been missed. */
  keys(): readonly ConversationKey[];
  /** Forgets what the configuration names no longer. To be called when all named users' conversations are known. */
  forgetOthers(): void;
}

/** With `"*"` the most recent ones of those that are not named are kept. */
const MAX_UNNAMED = 1_000;
const DROPPED_AT_ONCE = 100;
const ANYONE = "*";

export function createKeptMarks(
  { allow_from, groups }: Pick<DiscordOptions, "allow_from" | "groups">,
  marks: ConversationMarks,
): KeptMarks {
  const users = new Set(allow_from);
  const namedGroups = Object.keys(groups)
    .filter((id) => id !== ANYONE)
    .map((id) => conversationKey("group", id));
  const named = new Set<ConversationKey>(namedGroups);
  const everyone = { private: users.has(ANYONE), group: Object.hasOwn(groups, ANYONE) };
  const isKept = (key: ConversationKey) =>
    named.has(key) || everyone[parseConversationKey(key).kind];
  const stored = () =>
    marks.entries().flatMap(([text, id]) => {
      const key = toKey(text);
      return key ? [[key, id] as const] : [];
    });

  /** A mark is a message's id and tells its age: the oldest go, many at once, so that it is seldom done. */
  function dropOldest(): void {
    if (marks.entries().length <= MAX_UNNAMED + DROPPED_AT_ONCE + named.size) return;
    const unnamed = stored().filter(([key]) => !named.has(key));
    unnamed.sort(([, a], [, b]) => compareIds(b, a));
    for (const [key] of unnamed.slice(MAX_UNNAMED)) marks.delete(key);
  }

  return {
    get: (key) => marks.get(key),
    async set(key, messageId) {
      if (!isKept(key)) return;
      const isFirst = marks.get(key) === undefined;
      marks.set(key, messageId);
      if (!isFirst) return;
      dropOldest();
      await marks.flush();
    },
    knows(key, userId) {
      if (users.has(userId)) named.add(key);
    },
    keys: () => [...new Set([...named, ...stored().map(([key]) => key)])],
    forgetOthers() {
      for (const [key] of stored()) {
        if (!isKept(key)) marks.delete(key);
      }
    },
  };
}

function toKey(text: string): ConversationKey | undefined {
  const [, kind, channelId = ""] = /^(private|group)\/(\d+)$/.exec(text) ?? [];
  if (kind !== "private" && kind !== "group") return undefined;
  return conversationKey(kind, channelId);
}
