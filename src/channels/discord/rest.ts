import {
  DefaultRestOptions,
  type InternalRequest,
  REST,
  RequestMethod,
  type ResponseLike,
} from "discord.js";
import { isTokenRefused, NoAnswerError, NotSentError } from "./errors.ts";

export interface RestOptions {
  readonly apiRoot: string;
  readonly token: string;
  /** UTC ms. */
  readonly now: () => number;
  /** No answer within this time counts as none. */
  readonly timeoutMs?: number;
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
const TIMEOUT_MS = 15_000;
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
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    async makeRequest(url, init) {
      const response = await requestWhole(url, init);
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) skewMs = date - options.now();
      return response;
    },
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
      throw new NotSentError("Cannot send the request: given up before", { cause: error });
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

type MakeRequest = typeof DefaultRestOptions.makeRequest;

/**
 * Reads the body before it answers: an answer that stalls half-way then meets the timeout too, and no connection stays
 * busy with a refusal that nobody reads.
 */
const requestWhole: MakeRequest = async (url, init) => {
  if (init.signal?.aborted) {
    throw new NotSentError("Cannot send the request: given up before", {
      cause: new Error("told to stop"),
    });
  }
  const { response, text } = await exchange(url, init);
  const headers = new Headers(response.headers);
  // The header is rounded up to whole seconds; the body is exact.
  const exact = response.status === 429 ? retryAfterSeconds(text) : undefined;
  if (exact !== undefined) headers.set("retry-after", String(exact));
  const { status, statusText } = response;
  const hasBody = status !== 204 && status !== 304;
  return new Response(hasBody ? text : null, { status, statusText, headers }) as ResponseLike;
};

async function exchange(...args: Parameters<MakeRequest>) {
  try {
    const response = await DefaultRestOptions.makeRequest(...args);
    return { response, text: await response.text() };
  } catch (error) {
    throw new NoAnswerError("Cannot get an answer", { cause: error });
  }
}

function retryAfterSeconds(text: string): number | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null || !("retry_after" in body)) return undefined;
    return typeof body.retry_after === "number" ? body.retry_after : undefined;
  } catch {
    // A proxy's page: the header counts, and the answer's status tells the caller.
    return undefined;
  }
}
