/**
 * Where a conversation comes from. Printed, it is the identity of a conversation everywhere (sessions, routing, logs):
 *
 *   platform-telegram:<user>:<chat>            a channel that is named like its platform
 *   platform-telegram@support-bot:<user>:<chat>  another channel of the same platform
 *   platform-telegram:<user>:<chat>:<thread>   a thread or forum topic
 *   platform-ws:<user>, platform-cli:cli-user  the rest of the text is the user, colons included
 *   cron:<id>, agent:<id>
 */
export type EventSource =
  | {
      readonly kind: "platform";
      readonly platform: string;
      readonly channel: string;
      readonly user: string;
      readonly chat: string;
      readonly thread?: string | undefined;
    }
  | { readonly kind: "cron"; readonly id: string }
  | { readonly kind: "agent"; readonly id: string };

/** Platforms on which a user has one conversation, so that no chat is printed. */
const ONE_CHAT = new Set(["ws", "cli"]);

/** The channel that needs no "@name": it is named like its platform, but for the built-in terminal. */
const defaultChannel = (platform: string) => (platform === "cli" ? "terminal" : platform);

const escapePart = (part: string) => part.replace(/[%:]/g, encodeURIComponent);
const unescapePart = (part: string) => part.replace(/%3A|%25/g, decodeURIComponent);

export function printSource(source: EventSource): string {
  if (source.kind !== "platform") return `${source.kind}:${source.id}`;
  const suffix = source.channel === defaultChannel(source.platform) ? "" : `@${source.channel}`;
  const prefix = `platform-${source.platform}${suffix}`;
  if (ONE_CHAT.has(source.platform)) return `${prefix}:${source.user}`;
  const parts = [source.user, source.chat, ...(source.thread === undefined ? [] : [source.thread])];
  return [prefix, ...parts.map(escapePart)].join(":");
}

/** Throws a TypeError on a text that `printSource` cannot have made. */
export function parseSource(text: string): EventSource {
  const colon = text.indexOf(":");
  const namespace = text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (colon < 0 || rest === "") throw new TypeError(`Cannot parse source "${text}": no id`);
  if (namespace === "cron" || namespace === "agent") return { kind: namespace, id: rest };
  const match = /^platform-([a-z0-9]+)(?:@([a-z0-9][a-z0-9_-]*))?$/.exec(namespace);
  const platform = match?.[1];
  if (!platform) throw new TypeError(`Cannot parse source "${text}": unknown namespace`);
  const channel = match[2] ?? defaultChannel(platform);
  if (ONE_CHAT.has(platform))
    return { kind: "platform", platform, channel, user: rest, chat: rest };
  return { kind: "platform", platform, channel, ...parseConversation(text, rest) };
}

/** Whether `printSource` can have made it. */
export function isSource(text: string): boolean {
  try {
    parseSource(text);
    return true;
  } catch {
    // It is the answer, for whoever asks to report.
    return false;
  }
}

function parseConversation(text: string, rest: string) {
  const [user, chat, thread, ...more] = rest.split(":").map(unescapePart);
  if (!user || !chat || thread === "" || more.length > 0) {
    throw new TypeError(`Cannot parse source "${text}": wanted <user>:<chat>[:<thread>]`);
  }
  return { user, chat, ...(thread === undefined ? {} : { thread }) };
}
