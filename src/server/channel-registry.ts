import type { AccessRules } from "../channels/access.ts";
import type { Channel, ChannelState } from "../channels/channel.ts";
import type { Clock } from "../runtime/clock.ts";

/** What the configuration says about one channel. */
export interface ChannelSpec {
  readonly name: string;
  readonly platform: string;
  /** Two specs with the same text share the connection; settings change without a reconnect. */
  readonly connection: string;
  readonly settings: ChannelSettings;
  /** Loads the adapter and makes the channel; nothing is connected yet. */
  create(): Promise<Channel>;
}

/** Read at each message, so that a change works at the next one. */
export interface ChannelSettings {
  readonly access: AccessRules;
  /** Whether answers quote the message that they answer. */
  readonly replyTo: "groups" | "always" | "never";
  readonly rate?: SendRate | undefined;
}

/** Messages that may be sent; 0 = no limit. */
export interface SendRate {
  readonly perSecond: number;
  readonly chatPerSecond: number;
  readonly groupPerMinute: number;
}

/** A channel that is configured now. */
export interface LiveChannel {
  readonly spec: ChannelSpec;
  /** Undefined until its adapter is loaded. */
  readonly channel: Channel | undefined;
  readonly state: ChannelState;
  /** Since when it is in this state, UTC ms. */
  readonly since: number;
}

/** The channels that are configured now, and how they are. */
export interface ChannelRegistry {
  /** Replaces what is configured. */
  apply(specs: readonly ChannelSpec[]): void;
  get(name: string): LiveChannel | undefined;
  all(): readonly LiveChannel[];
  setChannel(spec: ChannelSpec, channel: Channel): void;
  setState(spec: ChannelSpec, state: ChannelState): void;
  /** Called after every change: of specs, of a channel, of a state. Returns the way to stop. */
  onChange(listener: (name: string) => void): () => void;
}

export function createChannelRegistry(clock: Clock): ChannelRegistry {
  const live = new Map<string, LiveChannel>();
  const listeners = new Set<(name: string) => void>();
  const tell = (name: string) => {
    for (const listener of listeners) listener(name);
  };

  function update(spec: ChannelSpec, change: Partial<LiveChannel>): void {
    const now = live.get(spec.name);
    // A connection that is being given up has nothing to say about the one that replaces it.
    if (now?.spec.connection !== spec.connection) return;
    live.set(spec.name, { ...now, ...change });
    tell(spec.name);
  }

  return {
    apply(specs) {
      const before = [...live.keys()];
      const names = new Set(specs.map((spec) => spec.name));
      for (const name of before) if (!names.has(name)) live.delete(name);
      for (const spec of specs) {
        const now = live.get(spec.name);
        if (now?.spec.connection === spec.connection) live.set(spec.name, { ...now, spec });
        else live.set(spec.name, fresh(spec, clock.now()));
      }
      for (const name of new Set([...before, ...names])) tell(name);
    },
    get: (name) => live.get(name),
    all: () => [...live.values()],
    setChannel: (spec, channel) => update(spec, { channel }),
    setState(spec, state) {
      const since = live.get(spec.name)?.state.kind === state.kind ? {} : { since: clock.now() };
      update(spec, { state, ...since });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const fresh = (spec: ChannelSpec, now: number): LiveChannel => ({
  spec,
  channel: undefined,
  state: { kind: "connecting" },
  since: now,
});
