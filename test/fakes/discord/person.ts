import { randomBytes } from "node:crypto";
import type { Gateway } from "./gateway.ts";
import { memberPayload, userPayload } from "./payloads.ts";
import {
  addMessage,
  channelOf,
  dmOf,
  type FakeChannel,
  type FakeInteraction,
  type FakeState,
  type ShownMessage,
  userOf,
} from "./state.ts";

export interface Where {
  /** A channel's or thread's id; the private chat with the bot by default. */
  readonly channel?: string;
}

export interface SayOptions extends Where {
  /** Puts a mention of the bot in front. */
  readonly mention?: boolean;
  /** Id of the message that is answered. */
  readonly replyTo?: string;
  /** Files that come with the text: their names; the type is told by the ending. */
  readonly files?: readonly string[];
  /** The message's id, for one that was written at another time. */
  readonly id?: string;
  /** Any other fields of the message, in Discord's form. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface People {
  /** A person writes; it is in the history at once, and at a bot that is connected. */
  say(user: string, text: string, options?: SayOptions): ShownMessage;
  /** A person uses a slash command, with the text for its option "args". */
  slash(user: string, name: string, options?: Where & { args?: string }): FakeInteraction;
}

const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  ogg: "audio/ogg",
  mp4: "video/mp4",
  pdf: "application/pdf",
};

export function createPeople(state: FakeState, gateway: Gateway): People {
  const where = (user: string, { channel }: Where): FakeChannel =>
    channel === undefined ? dmOf(state, user) : channelOf(state, channel);
  return {
    say(user, text, options = {}) {
      userOf(state, user);
      const channel = where(user, options);
      const mention = options.mention ? `<@${state.bot.id}> ` : "";
      const attachments = (options.files ?? []).map((name) => filePayload(state, name));
      const message = addMessage(state, channel, {
        author: user,
        content: `${mention}${text}`,
        replyTo: options.replyTo,
        ...(options.id === undefined ? {} : { id: options.id }),
        fields: { ...(attachments.length > 0 ? { attachments } : {}), ...options.fields },
      });
      gateway.message(message);
      return message;
    },
    slash(user, name, options = {}) {
      const channel = where(user, options);
      const interaction: FakeInteraction = {
        id: state.newId(),
        token: randomBytes(12).toString("base64url"),
        channel: channel.id,
        user,
        command: name,
        answers: [],
        shown: undefined,
      };
      state.interactions.set(interaction.id, interaction);
      const payload = interactionPayload(state, channel, { interaction, args: options.args });
      gateway.dispatch("INTERACTION_CREATE", payload);
      return interaction;
    },
  };
}

function filePayload(state: FakeState, name: string): Record<string, unknown> {
  const id = state.newId();
  return {
    id,
    filename: name,
    size: 3,
    url: `http://127.0.0.1/${id}/${name}`,
    proxy_url: `http://127.0.0.1/${id}/${name}`,
    content_type: TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
  };
}

function interactionPayload(
  state: FakeState,
  channel: FakeChannel,
  { interaction, args }: { interaction: FakeInteraction; args: string | undefined },
): Record<string, unknown> {
  const user = userPayload(userOf(state, interaction.user));
  const isPrivate = channel.type === 1;
  return {
    id: interaction.id,
    application_id: state.applicationId,
    type: 2,
    token: interaction.token,
    version: 1,
    channel_id: channel.id,
    channel: { id: channel.id, type: channel.type },
    ...(isPrivate
      ? { user }
      : { guild_id: state.guildId, member: { ...memberPayload(), user, permissions: "0" } }),
    locale: "en-US",
    app_permissions: "0",
    entitlements: [],
    authorizing_integration_owners: {},
    context: isPrivate ? 1 : 0,
    attachment_size_limit: 10_485_760,
    data: {
      id: state.newId(),
      name: interaction.command,
      type: 1,
      ...(args === undefined ? {} : { options: [{ name: "args", type: 3, value: args }] }),
    },
  };
}
