import { compareIds, createSnowflakes } from "./snowflake.ts";

export interface FakeUser {
  readonly id: string;
  readonly username: string;
  readonly globalName: string | null;
  readonly bot: boolean;
  /** The bot may not write to this person (403, code 50007). */
  blocked: boolean;
}

/** 0 = a guild's text channel, 1 = a private chat, 11 = a public thread. */
export type ChannelType = 0 | 1 | 11;

/**
 * `hidden`: 403, code 50001, and the gateway tells nothing of it. `gone`: the same with 404, code 10003. `no-history`:
 * without the right Read Message History the history is an empty page, and nothing can be quoted (403, code 160002).
 */
export type Access = "open" | "hidden" | "gone" | "no-history";

export interface FakeChannel {
  readonly id: string;
  readonly type: ChannelType;
  readonly name: string;
  /** The person, in a private chat. */
  readonly recipient: string | undefined;
  readonly parent: string | undefined;
  readonly messages: ShownMessage[];
  /** Stays when that message is deleted, as on Discord. */
  lastMessageId: string | undefined;
  access: Access;
}

/** A message as the channel shows it. */
export interface ShownMessage {
  readonly id: string;
  readonly channel: string;
  readonly by: "bot" | "person";
  readonly author: string;
  content: string;
  readonly at: number;
  editedAt: number | undefined;
  readonly replyTo: string | undefined;
  readonly nonce: string | undefined;
  /** User ids that would be notified. */
  readonly pinged: readonly string[];
  /** Any other fields of Discord's form of the message. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LoggedRequest {
  /** "POST /channels/1/messages": without the version and the query. */
  readonly name: string;
  readonly token: string | undefined;
  /** The JSON body; the query of a GET. */
  readonly body: unknown;
  /** When it had arrived whole, UTC ms. */
  readonly at: number;
  /** The HTTP status of the answer; undefined while there is none. */
  status: number | undefined;
  /** When the answer was given, UTC ms. */
  answeredAt?: number;
}

export interface FakeInteraction {
  readonly id: string;
  readonly token: string;
  readonly channel: string;
  readonly user: string;
  readonly command: string;
  /** Bodies of what the bot answered, in order: the callback, then what it wrote through the webhook. */
  readonly answers: unknown[];
  /** What the person sees of the answer: undefined before one came and after it was removed. */
  shown: { readonly content: string; readonly ephemeral: boolean } | undefined;
}

export interface FakeState {
  readonly token: string;
  readonly bot: FakeUser;
  readonly applicationId: string;
  readonly guildId: string;
  readonly newId: () => string;
  readonly users: Map<string, FakeUser>;
  readonly channels: Map<string, FakeChannel>;
  readonly requests: LoggedRequest[];
  readonly typings: { readonly channel: string; readonly at: number }[];
  readonly interactions: Map<string, FakeInteraction>;
  /** What was posted with `enforce_nonce`: by channel and nonce. */
  readonly nonces: Map<string, { readonly message: ShownMessage; readonly at: number }>;
  commands: readonly Record<string, unknown>[];
  revoked: boolean;
  /** The switch "Message Content Intent" in the developer portal. */
  messageContent: boolean;
  nonceWindowMs: number;
  /** How far Discord's clock is ahead of this machine's. */
  clockAheadMs: number;
  /** Posts allowed to a channel, told in rate limit headers. */
  sendLimit: { readonly limit: number; readonly perMs: number } | undefined;
  readonly sendWindows: Map<string, { readonly until: number; used: number }>;
}

export interface StateOptions {
  readonly token: string;
  readonly username: string;
  readonly messageContent: boolean;
}

export const GUILD_ID = "900000000000000001";
export const GENERAL_ID = "900000000000000010";
export const BOT_ID = "100000000000000001";
const APPLICATION_ID = "100000000000000002";

export function createState(options: StateOptions): FakeState {
  const bot: FakeUser = {
    id: BOT_ID,
    username: options.username,
    globalName: null,
    bot: true,
    blocked: false,
  };
  const state: FakeState = {
    token: options.token,
    bot,
    applicationId: APPLICATION_ID,
    guildId: GUILD_ID,
    newId: createSnowflakes(() => discordNow(state)),
    users: new Map([[bot.id, bot]]),
    channels: new Map(),
    requests: [],
    typings: [],
    interactions: new Map(),
    nonces: new Map(),
    commands: [],
    revoked: false,
    messageContent: options.messageContent,
    nonceWindowMs: 120_000,
    clockAheadMs: 0,
    sendLimit: undefined,
    sendWindows: new Map(),
  };
  addChannel(state, { id: GENERAL_ID, type: 0, name: "general" });
  return state;
}

/** Discord's time: of ids, nonces and the header "date", UTC ms. When something is shown is told in ours. */
export const discordNow = ({ clockAheadMs }: Pick<FakeState, "clockAheadMs">): number =>
  Date.now() + clockAheadMs;

export function addChannel(
  state: FakeState,
  wanted: Pick<FakeChannel, "id" | "type" | "name"> & { recipient?: string; parent?: string },
): FakeChannel {
  const channel: FakeChannel = {
    recipient: undefined,
    parent: undefined,
    ...wanted,
    messages: [],
    lastMessageId: undefined,
    access: "open",
  };
  state.channels.set(channel.id, channel);
  return channel;
}

export function userOf(state: FakeState, id: string): FakeUser {
  const known = state.users.get(id);
  if (known) return known;
  const user: FakeUser = {
    id,
    username: `person_${id}`,
    globalName: `Person ${id}`,
    bot: false,
    blocked: false,
  };
  state.users.set(id, user);
  return user;
}

/** The private chat with a person; it keeps its id for ever, as on Discord. */
export function dmOf(state: FakeState, user: string): FakeChannel {
  userOf(state, user);
  for (const channel of state.channels.values()) {
    if (channel.recipient === user) return channel;
  }
  return addChannel(state, { id: state.newId(), type: 1, name: "", recipient: user });
}

export function channelOf(state: FakeState, id: string): FakeChannel {
  const channel = state.channels.get(id);
  if (!channel) throw new Error(`Cannot find channel ${id} in the fake`);
  return channel;
}

export function addMessage(
  state: FakeState,
  channel: FakeChannel,
  given: Pick<ShownMessage, "author" | "content"> & Partial<ShownMessage>,
): ShownMessage {
  const message: ShownMessage = {
    id: state.newId(),
    channel: channel.id,
    by: given.author === state.bot.id ? "bot" : "person",
    at: Date.now(),
    editedAt: undefined,
    replyTo: undefined,
    nonce: undefined,
    pinged: [],
    fields: {},
    ...given,
  };
  channel.messages.push(message);
  const { lastMessageId = "0" } = channel;
  if (compareIds(message.id, lastMessageId) > 0) channel.lastMessageId = message.id;
  return message;
}

/** A page of the history as Discord gives it: newest first, next to the id that was asked for. */
export function historyPage(
  channel: FakeChannel,
  query: { after?: string; before?: string; limit: number },
): readonly ShownMessage[] {
  const { after, before, limit } = query;
  const messages = [...channel.messages].sort((a, b) => compareIds(a.id, b.id));
  if (after !== undefined) {
    const later = messages.filter((message) => compareIds(message.id, after) > 0);
    return later.slice(0, limit).reverse();
  }
  const earlier =
    before === undefined
      ? messages
      : messages.filter((message) => compareIds(message.id, before) < 0);
  return earlier.slice(-limit).reverse();
}
