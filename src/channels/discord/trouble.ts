import { DiscordAPIError } from "discord.js";
import { errorCode } from "../../runtime/errors.ts";
import type { ChannelState } from "../channel.ts";
import { ExchangeError } from "../exchange-error.ts";
import type { Wait } from "../reconnect.ts";
import { isTokenRefused, rateLimitOf, reasonOf } from "./errors.ts";
import { GatewayClosedError } from "./gateway.ts";

/** Why receiving does not work, for the person who runs the bot, and how long to wait before trying again. */
export interface Trouble {
  readonly state: Extract<ChannelState, { kind: "failing" }>;
  readonly wait: Wait;
}

const NETWORK_WAIT: Wait = { upToMs: 30_000 };
/** Refused before a session begins, so that nothing is used up: it works within 10 s of being mended. */
const TOKEN_WAIT: Wait = { upToMs: 8_000 };
/** Sessions are counted (1000 a day): what is refused only after a beginning is not tried every few seconds. */
const REFUSED_WAIT: Wait = { upToMs: 120_000 };

const TOKEN_REFUSED = {
  reason: "the token is refused",
  remedy:
    "Copy the token from https://discord.com/developers/applications (your app, Bot, Reset Token) and set it as token",
};

const PORTAL =
  "https://discord.com/developers/applications (your app, Bot, Privileged Gateway Intents)";

export const INTENT_OFF = {
  reason: "the bot may not read what people write: Message Content Intent is off",
  remedy: `Switch on Message Content Intent at ${PORTAL}`,
};

/** Discord's close codes that it does not want to be tried again at once. */
const CLOSE_CODES: ReadonlyMap<number, { reason: string; remedy: string }> = new Map([
  [4004, TOKEN_REFUSED],
  [4014, INTENT_OFF],
  [
    4011,
    {
      reason: "the bot is in too many guilds for one connection",
      remedy: "Remove it from some guilds: sharding is not supported",
    },
  ],
]);

const NETWORK_REMEDY =
  "Check the network, a proxy on the way, and api_root; it is tried again by itself";

export function explainTrouble(error: unknown, apiRoot: string): Trouble {
  const known = knownTrouble(error);
  if (known)
    return {
      state: { kind: "failing", ...known },
      wait: known === TOKEN_REFUSED ? TOKEN_WAIT : REFUSED_WAIT,
    };
  const afterMs = rateLimitOf(error);
  const reason = error instanceof DiscordAPIError ? reasonOf(error) : unreachable(error, apiRoot);
  const remedy = (error instanceof ExchangeError && error.verdict.remedy) || NETWORK_REMEDY;
  return {
    state: { kind: "failing", reason, remedy },
    wait: afterMs === undefined ? NETWORK_WAIT : { afterMs },
  };
}

export const CONNECTION_LOST: Trouble["state"] = {
  kind: "failing",
  reason: "the connection to the gateway is lost",
  remedy:
    "Check the network; it is tried again by itself, and what was missed is read from the history",
};

function knownTrouble(error: unknown) {
  if (isTokenRefused(error) || errorCode(error) === "TokenInvalid") return TOKEN_REFUSED;
  return error instanceof GatewayClosedError ? CLOSE_CODES.get(error.code) : undefined;
}

const unreachable = (error: unknown, apiRoot: string) =>
  `${apiRoot} cannot be reached: ${reasonOf(error)}`;
