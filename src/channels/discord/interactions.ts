import { InteractionResponseType, InteractionType, MessageFlags, Routes } from "discord.js";
import * as z from "zod";
import { errorMessage } from "../../runtime/errors.ts";
import type { IncomingMessage } from "../channel.ts";
import { ARGS } from "./commands.ts";
import { reasonOf } from "./errors.ts";
import type { Intake } from "./intake.ts";
import { timeOfId } from "./snowflake.ts";

const userSchema = z.object({
  id: z.string(),
  username: z.string(),
  global_name: z.string().nullish(),
});

const commandSchema = z.object({
  id: z.string().regex(/^\d+$/),
  token: z.string(),
  type: z.literal(InteractionType.ApplicationCommand),
  channel_id: z.string().regex(/^\d+$/),
  guild_id: z.string().optional(),
  user: userSchema.optional(),
  member: z.object({ user: userSchema, nick: z.string().nullish() }).optional(),
  data: z.object({
    name: z.string(),
    options: z.array(z.object({ name: z.string(), value: z.unknown() })).default([]),
  }),
});
type Command = z.output<typeof commandSchema>;

const NOT_TAKEN = "That could not be taken in just now. Please try again in a moment.";

/**
 * A slash command is a message "/name args": made durable first, then acknowledged to the person who used it; the
 * answer comes into the channel like any other. It is in no history, so one that is not taken is said to be so.
 */
export async function takeInteraction(
  payload: unknown,
  botId: string,
  intake: Intake,
): Promise<void> {
  const parsed = commandSchema.safeParse(payload);
  if (!parsed.success)
    return intake.log.debug("an interaction that is no slash command is ignored");
  const command = parsed.data;
  const message = commandMessage(command, botId);
  try {
    await intake.receiver.accept([message]);
  } catch (error) {
    const fields = { key: message.key, reason: errorMessage(error) };
    intake.log.error(fields, "a slash command could not be made durable");
    return acknowledge(command, NOT_TAKEN, intake);
  }
  return acknowledge(command, `✓ ${message.text}`, intake);
}

function commandMessage(command: Command, botId: string): IncomingMessage {
  const { id, channel_id, guild_id, data, member } = command;
  const user = command.user ?? member?.user;
  const args = data.options.find(({ name }) => name === ARGS)?.value;
  return {
    key: `discord/${botId}/interaction/${id}`,
    sender: { id: user?.id ?? "", name: member?.nick ?? user?.global_name ?? user?.username },
    chat: { id: channel_id, kind: guild_id === undefined ? "private" : "group" },
    text: `/${data.name} ${typeof args === "string" ? args : ""}`.trim(),
    messageId: id,
    sentAt: timeOfId(id),
    addressed: true,
  };
}

/** Seen only by the person who used the command, who would else be told that the bot did not respond. */
async function acknowledge(command: Command, content: string, intake: Intake): Promise<void> {
  const { rest, log, signal } = intake;
  try {
    await rest.postOpen(Routes.interactionCallback(command.id, command.token), signal, {
      type: InteractionResponseType.ChannelMessageWithSource,
      data: { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } },
    });
  } catch (error) {
    log.warn({ reason: reasonOf(error) }, "cannot acknowledge a slash command");
  }
}
