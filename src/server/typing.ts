import type { Address } from "../events/event.ts";
import { type Clock, pause } from "../runtime/clock.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { ChannelRegistry } from "./channel-registry.ts";

export interface TypingDeps {
  readonly channels: ChannelRegistry;
  readonly clock: Clock;
  readonly log: Log;
}

/** Platforms let it fade after 5 s (Telegram) to 10 s (Discord). */
const EVERY_MS = 4000;
/** An answer that comes at once needs no sign, and must not be followed by one that was slower than it. */
const FIRST_AFTER_MS = 250;

/** Shows "typing…" until the signal aborts. Never rejects: nothing depends on it. */
export async function keepTyping(
  deps: TypingDeps,
  to: { readonly channel: string; readonly address: Address },
  signal: AbortSignal,
): Promise<void> {
  await pause(deps.clock, FIRST_AFTER_MS, signal);
  while (!signal.aborted) {
    try {
      await deps.channels.get(to.channel)?.channel?.typing?.(to.address, signal);
    } catch (error) {
      deps.log.debug({ channel: to.channel, reason: errorMessage(error) }, "cannot show typing");
    }
    await pause(deps.clock, EVERY_MS, signal);
  }
}
