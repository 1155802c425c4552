import { Client, type ClientOptions, GatewayIntentBits, Options } from "discord.js";
import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { asError, errorMessage } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createMakeRequest, LIBRARY_TIMEOUT_MS } from "./make-request.ts";
import { createReconnects, type Reconnects } from "./reconnects.ts";
import { API_VERSION } from "./rest.ts";
import { createWatchdog, type Watchdog } from "./watchdog.ts";

export interface GatewayDeps {
  readonly apiRoot: string;
  readonly token: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The bot, as Discord introduces it when a session begins. */
export interface Account {
  readonly userId: string;
  readonly username: string;
  readonly applicationId: string;
}

/** What a connection tells, in order. None of these may throw. */
export interface GatewayListener {
  /** A new session: what was said before it was not told. */
  onReady(account: Account): void;
  /** The session goes on, and what was missed has been told. */
  onResumed(): void;
  onEvent(type: string, payload: unknown): void;
  /** The connection is lost for the `losses`th time in a row, and opened again by itself. */
  onLost(losses: number): void;
  /** It was heard from: an event, or the answer to a heartbeat. */
  onAlive(): void;
}

/** Discord has closed the connection for good. `code` is its close code: 4004, 4014, … */
export class GatewayClosedError extends Error {
  override readonly name = "GatewayClosedError";
  readonly code: number;

  constructor(code: number) {
    super(`the gateway closed the connection with code ${code}`);
    this.code = code;
  }
}

const readySchema = z.object({
  user: z.object({ id: z.string(), username: z.string() }),
  application: z.object({ id: z.string() }),
});

const packetSchema = z.object({ t: z.string(), d: z.unknown() });

/** How long an orderly end may take: a host that has vanished answers no closing handshake. */
const CLOSING_MS = 2_000;

/**
 * Keeps one connection to the gateway, through all reconnections, until the signal aborts; then resolves when it is
 * closed. Rejects when it cannot be opened, or Discord has ended it for good.
 */
export async function runGateway(
  deps: GatewayDeps,
  listener: GatewayListener,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  let silent: () => void = () => undefined;
  const watchdog = createWatchdog(deps.clock, () => silent(), over.signal);
  const onAlive = () => {
    watchdog.heard();
    if (!over.signal.aborted) listener.onAlive();
  };
  const reconnects = createReconnects({ ...deps, onAcknowledged: onAlive });
  const client = new Client(clientOptions(deps, reconnects));
  try {
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
      silent = () => reject(new Error("the gateway says nothing"));
      listen(client, {
        ...{ deps, listener, reconnects, watchdog, onAlive },
        over: over.signal,
        fail: reject,
      });
      client.login(deps.token).catch((error: unknown) => reject(asError(error)));
    });
  } finally {
    over.abort();
    await close(client, reconnects, deps);
  }
}

interface Listening {
  readonly deps: GatewayDeps;
  readonly listener: GatewayListener;
  readonly reconnects: Reconnects;
  readonly watchdog: Watchdog;
  onAlive(): void;
  /** The library goes on talking while it is being closed. */
  readonly over: AbortSignal;
  fail(error: Error): void;
}

function listen(client: Client, listening: Listening): void {
  const { deps, listener, reconnects, watchdog, over, fail } = listening;
  // Packets as they come: the library's own objects would want every channel and user in memory.
  client.on("raw", (packet: unknown) => {
    const parsed = packetSchema.safeParse(packet);
    if (parsed.success && !over.aborted) hear(parsed.data, listening);
  });
  client.on("shardReconnecting", () => {
    if (over.aborted) return;
    reconnects.lost();
    watchdog.lost();
    listener.onLost(reconnects.losses());
  });
  client.on("shardDisconnect", ({ code }) => fail(new GatewayClosedError(code)));
  // Without a listener each of these would end the process; what follows from them is told by the other events.
  client.on("shardError", (error) =>
    deps.log.debug({ reason: errorMessage(error) }, "gateway error"),
  );
  client.on("error", (error) =>
    deps.log.warn({ reason: errorMessage(error) }, "discord.js failed"),
  );
}

function hear({ t, d }: z.output<typeof packetSchema>, listening: Listening): void {
  const { listener, reconnects, watchdog, onAlive } = listening;
  onAlive();
  if (t === "READY" || t === "RESUMED") watchdog.ready();
  if (t === "READY" || t === "RESUMED") reconnects.restored();
  if (t === "READY") begin(d, listening);
  else if (t === "RESUMED") listener.onResumed();
  else listener.onEvent(t, d);
}

function begin(payload: unknown, { listener, fail }: Listening): void {
  const ready = readySchema.safeParse(payload);
  if (!ready.success) {
    fail(new Error("the gateway does not say who the bot is"));
    return;
  }
  const { user, application } = ready.data;
  listener.onReady({ userId: user.id, username: user.username, applicationId: application.id });
}

function clientOptions(deps: GatewayDeps, reconnects: Reconnects): ClientOptions {
  return {
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.MessageContent,
    ],
    rest: {
      api: deps.apiRoot,
      version: API_VERSION,
      retries: 0,
      timeout: LIBRARY_TIMEOUT_MS,
      makeRequest: createMakeRequest(deps),
    },
    ws: { buildStrategy: reconnects.buildStrategy },
    // Nothing that grows with the number of messages or of people.
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      ReactionManager: 0,
      ReactionUserManager: 0,
      PresenceManager: 0,
      ThreadMemberManager: 0,
      VoiceStateManager: 0,
      UserManager: { maxSize: 0, keepOverLimit: (user) => user.id === user.client.user.id },
      GuildMemberManager: {
        maxSize: 0,
        keepOverLimit: (member) => member.id === member.client.user.id,
      },
    }),
  };
}

async function close(client: Client, reconnects: Reconnects, { clock }: GatewayDeps) {
  const closed = reconnects.prevent(client).then(() => client.destroy());
  const waiting = new AbortController();
  const late = clock.sleep(CLOSING_MS, waiting.signal).catch(() => {
    // Closed in time, which is what the race below waits for.
  });
  await Promise.race([closed, late]);
  waiting.abort();
}
