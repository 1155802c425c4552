import { ApplicationFlags, Routes } from "discord.js";
import * as z from "zod";
import type { Finding } from "../channel.ts";
import { isRefused, reasonOf } from "./errors.ts";
import { isHidden } from "./hidden-history.ts";
import type { DiscordOptions } from "./options.ts";
import type { Rest } from "./rest.ts";
import { explainTrouble, INTENT_OFF } from "./trouble.ts";

const MESSAGE_CONTENT =
  ApplicationFlags.GatewayMessageContent | ApplicationFlags.GatewayMessageContentLimited;

const userSchema = z.object({ username: z.string() });
const applicationSchema = z.object({ flags: z.number().default(0) });
const channelSchema = z.object({ name: z.string().nullish() });
const pageSchema = z.array(z.unknown());

/** Asks Discord about the bot, and compares the answers with the configuration. Changes nothing. */
export async function checkDiscord(
  rest: Rest,
  options: DiscordOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    const { username } = userSchema.parse(await rest.get(Routes.user(), signal));
    const application = applicationSchema.parse(
      await rest.get(Routes.currentApplication(), signal),
    );
    const groups = Object.keys(options.groups).filter((id) => id !== "*");
    const findings: Finding[] = [
      { level: "ok", text: `The token is accepted: ${username}` },
      checkIntents(application.flags),
    ];
    for (const id of groups) findings.push(await checkGroup(id, rest, signal));
    return [...findings, ...checkAccess(options)];
  } catch (error) {
    const { reason, remedy } = explainTrouble(error, options.apiRoot).state;
    return [{ level: "problem", text: sentence(reason), remedy }, ...checkAccess(options)];
  }
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function checkIntents(flags: number): Finding {
  if ((flags & MESSAGE_CONTENT) !== 0) {
    return { level: "ok", text: "The bot may read messages: Message Content Intent is on" };
  }
  const { reason, remedy } = INTENT_OFF;
  return { level: "problem", text: sentence(reason), remedy };
}

async function checkGroup(id: string, rest: Rest, signal: AbortSignal): Promise<Finding> {
  try {
    const { name } = channelSchema.parse(await rest.get(Routes.channel(id), signal));
    const newest = pageSchema.parse(
      await rest.get(Routes.channelMessages(id), signal, { limit: "1" }),
    );
    if (newest.length === 0 && (await isHidden({ rest, channelId: id, after: "0", signal }))) {
      return historyHidden(id);
    }
    return { level: "ok", text: `The channel ${id} is reachable${name ? `: #${name}` : ""}` };
  } catch (error) {
    if (!isRefused(error)) throw error;
    return {
      level: "problem",
      text: `The channel ${id} of groups is not reachable: ${reasonOf(error)}`,
      remedy:
        "Invite the bot to the server and let it view the channel; the id is copied with Developer Mode on",
    };
  }
}

const historyHidden = (id: string): Finding => ({
  level: "problem",
  text: `The history of the channel ${id} of groups shows nothing: what is written while the bot is away is not answered`,
  remedy: "Give the bot the right Read Message History in that channel",
});

function checkAccess({ allow_from, groups }: DiscordOptions): Finding[] {
  if (allow_from.includes("*")) {
    return [
      {
        level: "warning",
        text: 'Everyone may talk to the bot: allow_from has "*"',
        remedy: "Name the users instead, unless everyone is meant",
      },
    ];
  }
  const named = Object.values(groups).some((group) => (group.allow_from ?? []).length > 0);
  if (allow_from.length > 0 || named) return [];
  return [
    {
      level: "warning",
      text: "Nobody is named in allow_from: only paired users may talk to the bot",
      remedy:
        "Add your user id to allow_from, or pair with the code that the server prints at its start",
    },
  ];
}
