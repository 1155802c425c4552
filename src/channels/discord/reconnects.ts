import { type Client, type IShardingStrategy, SimpleShardingStrategy, Status } from "discord.js";
import { backoffMs } from "../../runtime/backoff.ts";
import type { Clock } from "../../runtime/clock.ts";

type ShardManager = ConstructorParameters<typeof SimpleShardingStrategy>[0];

export interface ReconnectsDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** Discord has answered a heartbeat. Must not throw. */
  onAcknowledged(): void;
}

/**
 * Holds the reins of discord.js' own reconnecting, which by itself tries twice a second for ever and goes on after
 * `destroy()`. It asks for its session before each connection (and also when an event comes or a heartbeat is due):
 * a question that waits makes the connection wait, one that is never answered prevents it.
 */
export interface Reconnects {
  buildStrategy(manager: ShardManager): IShardingStrategy;
  lost(): void;
  restored(): void;
  /** Connections lost in a row. */
  losses(): number;
  /** No connection from now on. Resolves when `destroy()` is safe: not while a socket is being opened. */
  prevent(client: Client): Promise<void>;
}

/** The first reconnection is the library's own half second. */
const BACKOFF = { firstMs: 500, maxMs: 30_000 };

/** The library's enum of these names is hidden behind another one of the same name. */
const HEARTBEAT_ACKNOWLEDGED = "heartbeat" as Parameters<ShardManager["on"]>[0];

export function createReconnects({ clock, random, onAcknowledged }: ReconnectsDeps): Reconnects {
  const halt = new AbortController();
  let losses = 0;
  /** A connection was lost and the next one was not asked for yet. */
  let isDown = false;
  let park: () => void = () => undefined;
  const parked = new Promise<void>((resolve) => {
    park = resolve;
  });

  async function beforeSessionIsTold(): Promise<void> {
    if (isDown) {
      isDown = false;
      if (losses > 1) await pause(backoffMs(losses - 1, { ...BACKOFF, random }));
    }
    if (!halt.signal.aborted) return;
    park();
    await new Promise<never>(() => undefined);
  }

  async function pause(ms: number): Promise<void> {
    try {
      await clock.sleep(ms, halt.signal);
    } catch {
      // Halted, which the caller looks at; the clock's sleep fails for nothing else.
    }
  }

  return {
    buildStrategy(manager) {
      const tell = manager.options.retrieveSessionInfo;
      manager.options.retrieveSessionInfo = async (shardId) => {
        await beforeSessionIsTold();
        return tell(shardId);
      };
      manager.on(HEARTBEAT_ACKNOWLEDGED, onAcknowledged);
      return new SimpleShardingStrategy(manager);
    },
    lost() {
      losses += 1;
      isDown = true;
    },
    restored() {
      losses = 0;
    },
    losses: () => losses,
    prevent(client) {
      halt.abort();
      return Promise.race([parked, whenOpen(client)]);
    },
  };
}

/** Resolves when no socket is being opened: one that is has no listener for its failure after `destroy()`. */
function whenOpen(client: Client): Promise<void> {
  const isOpening = () => {
    const status = client.ws.shards.first()?.status;
    return status === Status.Connecting || status === Status.Idle;
  };
  return new Promise((resolve) => {
    const look = () => {
      if (!isOpening()) resolve();
    };
    // The library has no event for a socket that has opened, but it says something whenever anything happens.
    client.on("debug", look);
    look();
  });
}
