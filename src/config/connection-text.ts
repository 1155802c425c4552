import type { ChannelConfig } from "./config.ts";

/** Looked up at each message, so that a change of it needs no new connection. */
const LOOKED_UP = new Set(["allow_from", "groups", "replyTo", "rate"]);

/**
 * What a channel's connection is made with, as a text to compare: a reload that changes it connects anew. Discord
 * opens a conversation with each named user when it connects, so there the names belong to it.
 */
export function connectionText({ platform, options, paired }: ChannelConfig): string {
  if (platform === "discord") return JSON.stringify([platform, options, paired]);
  return JSON.stringify([platform, Object.entries(options).filter(([key]) => !LOOKED_UP.has(key))]);
}
