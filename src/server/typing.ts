import type { Address } from "../events/event.ts";
import type { Clock } from "../runtime/clock.ts";
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

/** Shows "typing…" until the returned function is called. Nothing depends on it, and no failure of it is anybody's. */
export function startTyping(
  { channels, clock, log }: TypingDeps,
  to: { readonly channel: string; readonly address: Address },
): () => void {
  let request: AbortController | undefined;
  let cancel = clock.after(FIRST_AFTER_MS, () => void show());
  let isOver = false;

  async function show(): Promise<void> {
    request = new AbortController();
    try {
      await channels.get(to.channel)?.channel?.typing?.(to.address, request.signal);
    } catch (error) {
      log.debug({ channel: to.channel, reason: errorMessage(error) }, "cannot show typing");
    }
    if (!isOver) cancel = clock.after(EVERY_MS, () => void show());
  }

  return () => {
    isOver = true;
    cancel();
    request?.abort();
  };
}
