import type { ChannelSpec } from "../../src/server/channel-registry.ts";

/** The channel "telegram", which lets in nobody and is made by the test itself; say only what the test is about. */
export function channelSpec(settings: Partial<ChannelSpec["settings"]> = {}): ChannelSpec {
  return {
    name: "telegram",
    platform: "telegram",
    connection: "",
    settings: {
      access: { everyone: false, users: new Set(), groups: new Map() },
      replyTo: "never",
      ...settings,
    },
    create: () => Promise.reject(new Error("not used")),
  };
}
