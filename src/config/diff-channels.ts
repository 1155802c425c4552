import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config.ts";
import { connectionText } from "./connection-text.ts";

/** What a reload means for the channels, by name. A channel that is in none of the lists did not change. */
export interface ChannelChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Something changed that the connection was made with: the token, an address, … */
  readonly reconnect: readonly string[];
  /** Only what is looked up for each message changed (who is let in, how it is answered): the connection stays. */
  readonly accessOnly: readonly string[];
}

export function diffChannels(old: Config, next: Config): ChannelChanges {
  const names = Object.keys(next.channels);
  const stayed = names.flatMap((name) => {
    const [before, after] = [old.channels[name], next.channels[name]];
    return before && after && !isDeepStrictEqual(before, after) ? [{ name, before, after }] : [];
  });
  const isSame = ({ before, after }: (typeof stayed)[number]) =>
    connectionText(before) === connectionText(after);
  return {
    added: names.filter((name) => !old.channels[name]),
    removed: Object.keys(old.channels).filter((name) => !next.channels[name]),
    reconnect: stayed.filter((pair) => !isSame(pair)).map(({ name }) => name),
    accessOnly: stayed.filter(isSame).map(({ name }) => name),
  };
}
