/** Slots are shared out among channels, so that one whose sends hang leaves the others theirs. */
export interface ChannelShares {
  /** Takes a slot of the channel's share; false if all of it is taken. */
  enter(channel: string): boolean;
  leave(channel: string): void;
}

/** `channelCount` is asked at each entry: with one channel, all slots are its own. */
export function createChannelShares(slots: number, channelCount: () => number): ChannelShares {
  const taken = new Map<string, number>();
  return {
    enter(channel) {
      const count = taken.get(channel) ?? 0;
      if (count >= Math.ceil(slots / Math.max(channelCount(), 1))) return false;
      taken.set(channel, count + 1);
      return true;
    },
    leave(channel) {
      const count = (taken.get(channel) ?? 1) - 1;
      if (count > 0) taken.set(channel, count);
      else taken.delete(channel);
    },
  };
}
