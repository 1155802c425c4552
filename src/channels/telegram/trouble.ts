import type { ChannelState } from "../channel.ts";
import type { Wait } from "../reconnect.ts";
import { type CallFailure, isCallError, readFailure } from "./errors.ts";
import { NotKeptError } from "./intake.ts";
import { CannotListenError } from "./webhook-server.ts";

/** Why receiving does not work, for the person who runs the bot, and how long to wait before trying again. */
export interface Trouble {
  readonly state: Extract<ChannelState, { kind: "failing" }>;
  readonly wait: Wait;
  /** Another process, or a webhook, gets this bot's updates. */
  readonly conflict?: boolean;
}

/** Short, so that the bot is back within 10 s of the cause being gone. */
const NETWORK_WAIT: Wait = { upToMs: 8_000 };
const TOKEN_WAIT: Wait = { upToMs: 8_000 };
/** The next poll takes 5 s to tell that nobody else polls any more. */
const CONFLICT_WAIT: Wait = { upToMs: 4_000 };

const NETWORK_REMEDY =
  "Check the network, a proxy on the way, and api_root; it is tried again by itself";

/**
 * Throws what is no trouble with the connection but a bug. `webhookUrl` is asked for at a conflict: the webhook that is
 * set, "" for none; undefined where nobody knows.
 */
export async function explainTrouble(
  error: unknown,
  { apiRoot, webhookUrl }: { apiRoot: string; webhookUrl: () => Promise<string | undefined> },
): Promise<Trouble> {
  if (error instanceof NotKeptError) return notKept(error);
  if (error instanceof CannotListenError) return cannotListen(error);
  if (!isCallError(error)) throw error;
  const failure = readFailure(error);
  if (failure.kind === "unanswered") return unanswered(failure, apiRoot);
  if (failure.code === 401 || failure.code === 404) return tokenRefused(failure, apiRoot);
  if (failure.code === 409) return conflict(await webhookUrl());
  const wait =
    failure.retryAfterMs === undefined ? NETWORK_WAIT : { afterMs: failure.retryAfterMs };
  const remedy =
    failure.code === 429 || failure.code >= 500
      ? "Telegram is asked again by itself; nothing needs to be done"
      : "Check the channel's configuration, its webhook above all";
  return { state: { kind: "failing", reason: failure.reason, remedy }, wait };
}

function notKept(error: NotKeptError): Trouble {
  return {
    state: {
      kind: "failing",
      reason: `messages cannot be stored: ${error.message}`,
      remedy: "Make the workspace's disk writable again; Telegram keeps the messages until then",
    },
    wait: NETWORK_WAIT,
  };
}

function cannotListen(error: CannotListenError): Trouble {
  return {
    state: {
      kind: "failing",
      reason: error.message,
      remedy: "Choose another host or port for the webhook, or stop what uses it",
    },
    wait: NETWORK_WAIT,
  };
}

/** Nobody could be reached, or somebody who is not Telegram has answered: also a proxy's 401 or 409 is only that. */
function unanswered(
  { reason, verdict }: Extract<CallFailure, { kind: "unanswered" }>,
  apiRoot: string,
): Trouble {
  return {
    state: {
      kind: "failing",
      reason: `${apiRoot} cannot be reached: ${reason}`,
      remedy: verdict.remedy ?? NETWORK_REMEDY,
    },
    wait: verdict.retryAfterMs === undefined ? NETWORK_WAIT : { afterMs: verdict.retryAfterMs },
  };
}

function tokenRefused(failure: CallFailure, apiRoot: string): Trouble {
  return {
    state: {
      kind: "failing",
      reason: `the token is refused by ${apiRoot} (${failure.reason})`,
      remedy: "Get the bot's token from @BotFather (/mybots, API Token) and set it as token",
    },
    wait: TOKEN_WAIT,
  };
}

function conflict(webhookUrl: string | undefined): Trouble {
  return {
    state: { kind: "failing", ...describeConflict(webhookUrl) },
    wait: CONFLICT_WAIT,
    conflict: true,
  };
}

function describeConflict(webhookUrl: string | undefined) {
  if (webhookUrl) {
    return {
      reason: `Telegram sends this bot's updates to the webhook ${webhookUrl}, so they cannot be polled`,
      remedy: "Delete the webhook with `my-bot doctor --delete-webhook`, or configure `webhook`",
    };
  }
  if (webhookUrl === "") {
    return {
      reason: "another process polls Telegram with the same token",
      remedy: "Stop the other one, or get a second bot (or a new token) from @BotFather",
    };
  }
  return {
    reason: "Telegram says 409: another process polls with the same token, or a webhook is set",
    remedy: "Stop the other one; `my-bot doctor` tells whether a webhook is set",
  };
}
