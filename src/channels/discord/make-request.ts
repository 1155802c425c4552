import type { DefaultRestOptions, ResponseLike } from "discord.js";
import * as z from "zod";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../deadline.ts";
import { createExchange, type HttpAnswer, type HttpCall } from "../exchange.ts";
import { boundedWaitMs, retryAfterMs } from "../retry-after.ts";
import { strangeAnswer } from "../strange-answer.ts";

/** How discord.js' REST client makes a request. */
export type MakeRequest = typeof DefaultRestOptions.makeRequest;

export interface MakeRequestDeps {
  readonly apiRoot: string;
  readonly clock: Clock;
  /** No answer within this time counts as none. */
  readonly timeoutMs?: number | undefined;
  onAnswer?(answer: HttpAnswer): void;
}

const TIMEOUT_MS = 15_000;

/** The library has a time limit of its own, by the machine's clock; ours comes first. */
export const LIBRARY_TIMEOUT_MS = 10 * TIMEOUT_MS;

const limitSchema = z.object({ retry_after: z.number() });
const refusalSchema = z.union([limitSchema, z.object({ message: z.string() })]);

/**
 * In the place of undici, the library's own, which does not tell whether anything was written: one request, its answer
 * read whole, so that the time limit holds for it too. Throws an ExchangeError for an answer that is not Discord's.
 */
export function createMakeRequest(deps: MakeRequestDeps): MakeRequest {
  const exchange = createExchange(deps.apiRoot);
  const { clock, timeoutMs: ms = TIMEOUT_MS } = deps;
  return async (url, init) => {
    const signal = init.signal ?? new AbortController().signal;
    const answer = await withDeadline({ clock, ms, signal }, (own) =>
      exchange(url, { ...callOf(init), signal: own }),
    );
    deps.onAnswer?.(answer);
    return responseOf(answer, clock.now());
  };
}

function callOf({ method, headers, body }: Parameters<MakeRequest>[1]): Omit<HttpCall, "signal"> {
  if (body !== null && body !== undefined && typeof body !== "string") {
    throw new Error("Cannot send to Discord: a body is not text");
  }
  return {
    method: method ?? "GET",
    headers: { ...(headers as Readonly<Record<string, string>>) },
    body: body ?? undefined,
  };
}

/** For the client, which takes any answer for Discord's: what is no JSON, and a redirect, for a success. */
function responseOf(answer: HttpAnswer, now: number): ResponseLike {
  const { status, statusText, text } = answer;
  const isEmpty = status === 204;
  if (!isEmpty && !isDiscords(answer)) throw strangeAnswer(answer, "Discord", now);
  const headers = headersOf(answer);
  if (!isEmpty) headers.set("content-type", "application/json");
  if (status === 429) setRetryAfter(headers, answer, now);
  return new Response(isEmpty ? null : text, { status, statusText, headers }) as ResponseLike;
}

/** A success is told by its content, and looked at by whoever asked; an error by its form. */
function isDiscords({ status, text }: HttpAnswer): boolean {
  const body = parseJson(text);
  if (status >= 200 && status < 300) return body !== undefined;
  return status >= 400 && status < 600 && refusalSchema.safeParse(body).success;
}

function headersOf({ headers }: HttpAnswer): Headers {
  const own = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) own.set(name, String(value));
  }
  return own;
}

/** The header is rounded up to whole seconds; the body is exact. Without either, the client waits as if for nothing. */
function setRetryAfter(headers: Headers, { text, ...answer }: HttpAnswer, now: number): void {
  const limit = limitSchema.safeParse(parseJson(text));
  const ms = limit.success
    ? boundedWaitMs(limit.data.retry_after * 1000)
    : retryAfterMs(answer.headers["retry-after"], now);
  headers.delete("retry-after");
  if (ms !== undefined) headers.set("retry-after", String(ms / 1000));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page; what that means is for the caller to say.
    return undefined;
  }
}
