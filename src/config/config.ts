import * as z from "zod";
import { discordOptionsSchema } from "../channels/discord/options.ts";
import { telegramOptionsSchema } from "../channels/telegram/options.ts";
import type { Settings } from "./schema.ts";

/** Everything that was configured, checked, complete and frozen. A reload makes a new one. */
export interface Config extends Readonly<Omit<Settings, "channels" | "owner" | "default_agent">> {
  /** Answers where nothing else was chosen. */
  readonly defaultAgent: string;
  /** Who is told of trouble: the person's own setting, else who became owner by pairing. */
  readonly owner?: Owner | undefined;
  /** The channels that are on, by name. */
  readonly channels: Readonly<Record<string, ChannelConfig>>;
  /** The channels that are configured but off, and why. */
  readonly channelsOff: readonly ChannelOff[];
  readonly terminal: { readonly enabled: boolean };
}

export interface Owner {
  /** The channel's name. */
  readonly channel: string;
  /** The user or chat there. */
  readonly chat: string;
  readonly origin: "user" | "pairing";
}

export type ChannelConfig = PlatformOptions & {
  readonly name: string;
  /** Users that were let in by pairing; they count beside `options.allow_from`. */
  readonly paired: readonly string[];
};

export interface ChannelOff {
  readonly name: string;
  readonly reason: string;
}

/** The forms of the platforms' own options: the one place that names every platform's. */
export const optionsSchemas = {
  telegram: telegramOptionsSchema,
  discord: discordOptionsSchema,
} as const;

export type Platform = keyof typeof optionsSchemas;

/** Options together with the platform that tells what they are. */
export const platformOptionsSchema = z.discriminatedUnion("platform", [
  z.object({ platform: z.literal("telegram"), options: optionsSchemas.telegram }),
  z.object({ platform: z.literal("discord"), options: optionsSchemas.discord }),
]);

export type PlatformOptions = z.output<typeof platformOptionsSchema>;

export const platformSchema = z.enum(["telegram", "discord"] satisfies Platform[]);
