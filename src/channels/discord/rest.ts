import { type InternalRequest, REST, RequestMethod } from "discord.js";
import { ExchangeError } from "../exchange-error.ts";
import { isTokenRefused } from "./errors.ts";
import { createMakeRequest, LIBRARY_TIMEOUT_MS, type MakeRequestDeps } from "./make-request.ts";

export interface RestOptions extends Omit<MakeRequestDeps, "onAnswer"> {
  readonly token: string;
  /** A request was answered by 401. */
  onTokenRefused?(error: unknown): void;
}

export type Query = Readonly<Record<string, string>>;

/** Requests to Discord's REST API. Each call is one request, or none where a rate limit is known to be reached. */
export interface Rest {
  get(route: Route, signal: AbortSignal, query?: Query): Promise<unknown>;
  post(route: Route, signal: AbortSignal, body?: unknown): Promise<unknown>;
  put(route: Route, signal: AbortSignal, body: unknown): Promise<unknown>;
  /** For an interaction, whose path holds a token of its own. */
  postOpen(route: Route, signal: AbortSignal, body: unknown): Promise<unknown>;
  /** How much Discord's clock, which makes the ids, is ahead of ours; 0 until it has answered. */
  clockSkewMs(): number;
}

type Route = `/${string}`;

export const API_VERSION = "10";
/** The client has one for each channel and kind of request. */
const MAX_HANDLERS = 1_000;

/**
 * discord.js' own client keeps the rate limits that Discord tells in its headers, each bucket and channel for itself.
 * What it would do about failures is switched off: the delivery worker alone retries.
 */
export function createRest(options: RestOptions): Rest {
  let skewMs = 0;
  const rest = new REST({
    api: options.apiRoot,
    version: API_VERSION,
    retries: 0,
    rejectOnRateLimit: () => true,
    offset: 0,
    // Timers that would outlive the channel; what they clean up is cleaned up below.
    hashSweepInterval: 0,
    handlerSweepInterval: 0,
    timeout: LIBRARY_TIMEOUT_MS,
    makeRequest: createMakeRequest({
      ...options,
      onAnswer({ headers }) {
        const date = Date.parse(headers.date ?? "");
        if (!Number.isNaN(date)) skewMs = date - options.clock.now();
      },
    }),
  });

  async function request(data: Omit<InternalRequest, "signal">, signal: AbortSignal) {
    // It forgets the token at a 401, and would refuse every later call; whether a 401 lasts is for Discord to say.
    rest.setToken(options.token);
    if (rest.handlers.size > MAX_HANDLERS) rest.handlers.sweep(({ inactive }) => inactive);
    try {
      return await withOwnSignal(signal, (own) => rest.request({ ...data, signal: own }));
    } catch (error) {
      if (isTokenRefused(error) && data.auth !== false) options.onTokenRefused?.(error);
      if (!signal.aborted || !isFromTheQueue(error)) throw error;
      throw new ExchangeError("given up before it was sent", { sent: "no", cause: error });
    }
  }

  return {
    get: (fullRoute, signal, query) =>
      request(
        {
          fullRoute,
          method: RequestMethod.Get,
          ...(query ? { query: new URLSearchParams(query) } : {}),
        },
        signal,
      ),
    post: (fullRoute, signal, body) =>
      request({ fullRoute, method: RequestMethod.Post, body }, signal),
    put: (fullRoute, signal, body) =>
      request({ fullRoute, method: RequestMethod.Put, body }, signal),
    postOpen: (fullRoute, signal, body) =>
      request({ fullRoute, method: RequestMethod.Post, body, auth: false }, signal),
    clockSkewMs: () => skewMs,
  };
}

/** The client never takes its listener off a signal, and ours last as long as the server. */
async function withOwnSignal<T>(
  signal: AbortSignal,
  run: (own: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await run(own.signal);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** What the client throws for a request that waited for another one of its channel; it has no type of its own. */
const isFromTheQueue = (error: unknown) =>
  error instanceof Error && error.message === "Request aborted manually";
