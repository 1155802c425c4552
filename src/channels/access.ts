import { plural } from "../runtime/plural.ts";
import type { IncomingMessage } from "./channel.ts";

/** Who may talk to the bot on one channel, in private chats and in groups. Plain data; made anew at each change. */
export interface AccessRules extends Audience {
  /** By chat id; `"*"` stands for every group that is not named. A group that is not here is not opted in. */
  readonly groups: ReadonlyMap<string, GroupRule>;
}

export interface Audience {
  /** `"*"` was in the list. */
  readonly everyone: boolean;
  readonly users: ReadonlySet<string>;
}

interface GroupRule extends Audience {
  /** Whether only messages that mention the bot, or reply to it, are answered. */
  readonly mention: boolean;
}

/** The options of `accessShape` in `options.ts`, parsed. */
export interface AccessOptions {
  readonly allow_from: readonly string[];
  readonly groups: Readonly<
    Record<
      string,
      { readonly mention: boolean; readonly allow_from?: readonly string[] | undefined }
    >
  >;
}

/**
 * `accept` it, `refuse` it (the stranger may get one short line), or `ignore` it: say nothing at all, since a group
 * would be disturbed by answers to people who did not speak to the bot.
 */
export type AccessDecision =
  | { readonly kind: "accept" }
  | { readonly kind: "refuse" }
  | {
      readonly kind: "ignore";
      readonly reason: "group-not-opted-in" | "sender-not-allowed" | "not-addressed";
    };

const ANYONE = "*";

/** `paired` are users that were let in by a code: they count as if they stood in the channel's own list, the star not. */
export function accessRules(options: AccessOptions, paired: readonly string[] = []): AccessRules {
  const everywhere = audience(options.allow_from, paired);
  const groups = Object.entries(options.groups).map(([id, group]): [string, GroupRule] => {
    const own = group.allow_from ? audience(group.allow_from) : everywhere;
    return [id, { mention: group.mention, everyone: own.everyone, users: own.users }];
  });
  return { ...everywhere, groups: new Map(groups) };
}

/** Ids are compared whole and as text: nobody gets in because an id contains theirs. */
export function decideAccess(message: IncomingMessage, rules: AccessRules): AccessDecision {
  const { chat, sender } = message;
  if (chat.kind === "private") return { kind: admits(rules, sender.id) ? "accept" : "refuse" };
  const group = rules.groups.get(chat.id) ?? rules.groups.get(ANYONE);
  if (!group) return { kind: "ignore", reason: "group-not-opted-in" };
  if (!admits(group, sender.id)) return { kind: "ignore", reason: "sender-not-allowed" };
  if (group.mention && !message.addressed) return { kind: "ignore", reason: "not-addressed" };
  return { kind: "accept" };
}

/** The rules in words: "nobody", "everyone (!)", "2 users; groups: -1001 (2 users, when mentioned)". */
export function describeAccess(rules: AccessRules): string {
  const groups = [...rules.groups].map(([id, group]) => {
    const when = group.mention ? "when mentioned" : "every message";
    return `${id === ANYONE ? "any group (!)" : id} (${inWords(group)}, ${when})`;
  });
  return [inWords(rules), ...(groups.length > 0 ? [`groups: ${groups.join(", ")}`] : [])].join(
    "; ",
  );
}

function audience(list: readonly string[], paired: readonly string[] = []): Audience {
  return { everyone: list.includes(ANYONE), users: new Set([...list, ...paired]) };
}

/** Whether this user is let in by name, or because everyone is. */
export function admits(audience: Audience, user: string): boolean {
  return audience.everyone || audience.users.has(user);
}

function inWords({ everyone, users }: Audience): string {
  if (everyone) return "everyone (!)";
  if (users.size === 0) return "nobody";
  return plural(users.size, "user");
}
