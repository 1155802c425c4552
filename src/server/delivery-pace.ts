import type { Address } from "../events/event.ts";
import { createPace, type Pace } from "../runtime/pace.ts";
import type { SendRate } from "./channel-registry.ts";

/** Keeps a platform's limits before it has to say 429. */
export interface DeliveryPace {
  /** How long to wait before sending there, ms; 0 = now, and it is counted. */
  take(channel: string, address: Address, rate: SendRate): number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** A short reply of a few parts goes out at once, as Telegram allows. */
const BURST = 3;

/** So that no interval sees more than the limit, burst included; 0 stays no limit. */
const lessBurst = (limit: number) => (limit > BURST ? limit - BURST : limit);

export function createDeliveryPace(now: () => number): DeliveryPace {
  const paces = new Map<string, { rate: SendRate; bot: Pace; chat: Pace; group: Pace }>();

  function pacesOf(channel: string, rate: SendRate) {
    const known = paces.get(channel);
    if (known?.rate === rate) return known;
    const { perSecond, chatPerSecond, groupPerMinute } = rate;
    const made = {
      rate,
      bot: createPace({
        perInterval: lessBurst(perSecond),
        intervalMs: SECOND_MS,
        burst: BURST,
        now,
      }),
      chat: createPace({
        perInterval: chatPerSecond,
        intervalMs: SECOND_MS,
        burst: BURST,
        now,
      }),
      group: createPace({
        perInterval: lessBurst(groupPerMinute),
        intervalMs: MINUTE_MS,
        burst: BURST,
        now,
      }),
    };
    paces.set(channel, made);
    return made;
  }

  return {
    take(channel, { chat }, rate) {
      const { bot, chat: perChat, group } = pacesOf(channel, rate);
      // Telegram, the one platform with such rates, numbers groups below zero.
      const needed: [Pace, string][] = [
        [bot, channel],
        [chat.startsWith("-") ? group : perChat, chat],
      ];
      const ms = Math.max(...needed.map(([pace, key]) => pace.waitMs(key)));
      if (ms === 0) for (const [pace, key] of needed) pace.take(key);
      return ms;
    },
  };
}
