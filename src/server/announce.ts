import type { ChannelRegistry } from "./channel-registry.ts";
import type { Pairing } from "./pairing.ts";
import type { ServerDeps } from "./server-deps.ts";

/** What the person at the console should know: how to become owner, and trouble with a channel. */
export function announceAll(
  { announce, mode }: ServerDeps,
  { channels, pairing }: { readonly channels: ChannelRegistry; readonly pairing: Pairing },
) {
  const code = pairing.ownerCode();
  if (mode === "server" && code && channels.all().some(({ spec }) => spec.platform !== "cli")) {
    announce(`No owner yet. Send this to the bot to become its owner: /start ${code}`);
  }
  const told = new Map<string, string>();
  channels.onChange((name) => {
    const state = channels.get(name)?.state;
    const line =
      state?.kind === "failing"
        ? `Channel ${name}: ${state.reason}. ${state.remedy}`
        : `Channel ${name}: ${state?.kind}`;
    const isNews =
      told.get(name) !== line &&
      (state?.kind === "failing" || told.has(name) || state?.kind === "connected");
    told.set(name, line);
    if (isNews && channels.get(name)?.spec.platform !== "cli") announce(line);
  });
}
