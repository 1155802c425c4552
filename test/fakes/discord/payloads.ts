import {
  type FakeChannel,
  type FakeState,
  type FakeUser,
  type ShownMessage,
  userOf,
} from "./state.ts";

type Payload = Record<string, unknown>;

interface MessageParts {
  readonly mentions: readonly { readonly id: string }[];
  readonly author: { readonly id: string };
}

/** The fields that Discord's OpenAPI description asks for; `test/fakes/discord` checks them against it. */
export function userPayload(user: FakeUser): Payload {
  return {
    id: user.id,
    username: user.username,
    global_name: user.globalName,
    avatar: null,
    discriminator: "0",
    public_flags: 0,
    flags: 0,
    bot: user.bot,
    banner: null,
    accent_color: null,
    avatar_decoration_data: null,
    collectibles: null,
    primary_guild: null,
  };
}

export function messagePayload(state: FakeState, message: ShownMessage): Payload {
  const { replyTo } = message;
  return {
    id: message.id,
    channel_id: message.channel,
    author: userPayload(userOf(state, message.author)),
    content: message.content,
    timestamp: isoTime(message.at),
    edited_timestamp: message.editedAt === undefined ? null : isoTime(message.editedAt),
    tts: false,
    mention_everyone: false,
    mentions: mentionsOf(state, message),
    mention_roles: [],
    attachments: [],
    embeds: [],
    components: [],
    pinned: false,
    flags: 0,
    type: replyTo === undefined ? 0 : 19,
    ...(replyTo === undefined ? {} : referencePayload(state, message.channel, replyTo)),
    ...message.fields,
  };
}

function referencePayload(state: FakeState, channelId: string, messageId: string): Payload {
  const channel = state.channels.get(channelId);
  const referenced = channel?.messages.find((message) => message.id === messageId);
  return {
    message_reference: { type: 0, channel_id: channelId, message_id: messageId },
    referenced_message: referenced ? messagePayload(state, referenced) : null,
  };
}

function mentionsOf(state: FakeState, message: ShownMessage): readonly Payload[] {
  const inText = [...message.content.matchAll(/<@!?(\d+)>/g)].map((match) => match[1] ?? "");
  return [...new Set([...inText, ...message.pinged])].map((id) => userPayload(userOf(state, id)));
}

/** A message as the gateway gives it, cut down as the intents demand. */
export function messageEvent(
  state: FakeState,
  message: ShownMessage,
  mayReadContent: boolean,
): Payload {
  const channel = state.channels.get(message.channel);
  const payload = messagePayload(state, message);
  const nonce = message.nonce === undefined ? {} : { nonce: message.nonce };
  const isPrivate = channel?.type === 1;
  const where = isPrivate
    ? { channel_type: 1 }
    : { channel_type: channel?.type, guild_id: state.guildId, member: memberPayload() };
  return { ...blanked(state, payload, mayReadContent || isPrivate), ...nonce, ...where };
}

/** Without the intent, only what is private, the bot's own, or mentions the bot has contents. */
export function blanked(state: FakeState, payload: Payload, mayRead: boolean): Payload {
  const { mentions, author } = payload as unknown as MessageParts;
  if (mayRead || author.id === state.bot.id) return payload;
  if (mentions.some((user) => user.id === state.bot.id)) return payload;
  return { ...payload, content: "", attachments: [], embeds: [], components: [] };
}

export function memberPayload(): Payload {
  return {
    roles: [],
    nick: null,
    avatar: null,
    banner: null,
    joined_at: "2026-01-01T00:00:00.000000+00:00",
    premium_since: null,
    deaf: false,
    mute: false,
    flags: 0,
    pending: false,
    communication_disabled_until: null,
  };
}

export function channelPayload(state: FakeState, channel: FakeChannel): Payload {
  const last = channel.lastMessageId ?? null;
  if (channel.type === 1) {
    const recipients = [userPayload(userOf(state, channel.recipient ?? ""))];
    return { id: channel.id, type: 1, last_message_id: last, flags: 0, recipients };
  }
  return {
    id: channel.id,
    type: channel.type,
    guild_id: state.guildId,
    name: channel.name,
    parent_id: channel.parent ?? null,
    last_message_id: last,
    flags: 0,
    position: 0,
    permission_overwrites: [],
    nsfw: false,
    rate_limit_per_user: 0,
    topic: null,
  };
}

export function guildPayload(state: FakeState): Payload {
  const channels = [...state.channels.values()].filter((channel) => channel.type === 0);
  return {
    id: state.guildId,
    name: "Test Guild",
    owner_id: "900000000000000099",
    unavailable: false,
    large: false,
    member_count: state.users.size,
    joined_at: "2026-01-01T00:00:00.000000+00:00",
    channels: channels.map((channel) => channelPayload(state, channel)),
    roles: [everyoneRole(state.guildId)],
    threads: [],
    members: [],
    emojis: [],
    stickers: [],
    presences: [],
    voice_states: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
    features: [],
    preferred_locale: "en-US",
    afk_timeout: 300,
    system_channel_flags: 0,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    premium_tier: 0,
    premium_progress_bar_enabled: false,
  };
}

const everyoneRole = (guildId: string): Payload => ({
  id: guildId,
  name: "@everyone",
  color: 0,
  colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
  hoist: false,
  managed: false,
  mentionable: false,
  permissions: "0",
  position: 0,
  flags: 0,
});

const isoTime = (ms: number) => new Date(ms).toISOString().replace("Z", "000+00:00");
