import type { Address } from "../events/event.ts";
import { createPace, type Pace } from "../runtime/pace.ts";
import type { SendRate } from "./channel-registry.ts";

/** Keeps a platform's limits before it has to say 429. */
export interface DeliveryPace {
  /**
   * How long to wait before sending there, ms; 0 = now, and it is counted. Infinity: so many wait for the bot that there
   * is no place in the line, until `onFree` is called.
   */
  take(channel: string, address: Address, rate: SendRate): number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/** A short reply of a few parts goes out at once, as Telegram allows. */
const BURST = 3;

/** Places in the line for a bot: less than a second of it, so that a backlog holds up nobody who speaks now for longer. */
const MAX_LINE = 16;

/** So that no interval sees more than the limit, burst included; 0 stays no limit. */
const lessBurst = (limit: number) => (limit > BURST ? limit - BURST : limit);

/** `onFree`: one more of this channel may ask for a place. */
export function createDeliveryPace(
  now: () => number,
  onFree: (channel: string) => void,
): DeliveryPace {
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

  /** Conversations that were given a place in a channel's line, and when the line's last place is. */
  const lines = new Map<string, { readonly chats: Set<string>; end: number }>();

  /** Each who waits for the bot gets a place of its own: all waking at once would be a herd. */
  function placeInLine(
    channel: string,
    chat: string,
    given: { botMs: number; gapMs: number },
  ): number {
    const line = lines.get(channel) ?? { chats: new Set<string>(), end: 0 };
    lines.set(channel, line);
    const soonest = now() + given.botMs;
    // A clock that was set back must not leave the line's end far ahead.
    const end = Math.min(line.end, now() + line.chats.size * given.gapMs);
    line.end = line.chats.size === 0 ? soonest : Math.max(soonest, end + given.gapMs);
    line.chats.add(chat);
    return line.end - now();
  }

  /** What is to be waited for the bot, if its line is not full; the line is empty as long as the bot is free. */
  function waitInLine(channel: string, chat: string, given: { botMs: number; rate: SendRate }) {
    const { botMs, rate } = given;
    const inLine = lines.get(channel)?.chats.size ?? 0;
    if (botMs === 0 && inLine === 0) return 0;
    if (inLine >= MAX_LINE) return Number.POSITIVE_INFINITY;
    const gapMs = rate.perSecond > 0 ? SECOND_MS / lessBurst(rate.perSecond) : 0;
    return Math.ceil(placeInLine(channel, chat, { botMs, gapMs }));
  }

  return {
    take(channel, { chat }, rate) {
      const { bot, chat: perChat, group } = pacesOf(channel, rate);
      // Telegram, the one platform with such rates, numbers groups below zero.
      const own = chat.startsWith("-") ? group : perChat;
      const line = lines.get(channel);
      const isDue = line?.chats.delete(chat) === true;
      const [botMs, ownMs] = [bot.waitMs(channel), own.waitMs(chat)];
      if (isDue || (botMs === 0 && ownMs === 0 && !line?.chats.size)) {
        bot.take(channel);
        own.take(chat);
        if (isDue) onFree(channel);
        return 0;
      }
      return Math.max(waitInLine(channel, chat, { botMs, rate }), ownMs);
    },
  };
}
