import type { Sender } from "../events/event.ts";
import type { Log } from "../runtime/log.ts";

/** People who were refused, for the owner's eyes: the last ones only. */
export interface Strangers {
  note(channel: string, sender: Sender, at: number): void;
  /** Those who would still be refused, latest first. */
  list(): readonly Stranger[];
}

export interface Stranger {
  readonly channel: string;
  readonly sender: Sender;
  readonly attempts: number;
  /** UTC ms. */
  readonly lastAt: number;
}

const MAX_STRANGERS = 50;

export interface StrangersDeps {
  readonly log: Log;
  /** Whether this one is let in by now. */
  readonly isLetIn: (channel: string, user: string) => boolean;
}

export function createStrangers({ log, isLetIn }: StrangersDeps): Strangers {
  const seen = new Map<string, Stranger>();
  return {
    note(channel, sender, lastAt) {
      const key = JSON.stringify([channel, sender.id]);
      const attempts = (seen.get(key)?.attempts ?? 0) + 1;
      if (attempts === 1)
        log.warn({ channel, user: sender.id, name: sender.name }, "stranger refused");
      seen.delete(key);
      seen.set(key, { channel, sender, attempts, lastAt });
      const [oldest] = seen.keys();
      if (seen.size > MAX_STRANGERS && oldest !== undefined) seen.delete(oldest);
    },
    list: () =>
      [...seen.values()].filter(({ channel, sender }) => !isLetIn(channel, sender.id)).reverse(),
  };
}
