import { Api, type ApiClientOptions } from "grammy";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../deadline.ts";
import { createExchange, type HttpCall } from "../exchange.ts";
import { readAnswer } from "./answer.ts";
import type { TelegramOptions } from "./options.ts";

type RawApi = Api["raw"];
/** grammY names the type of a polyfill; it takes the platform's own signals. */
type GrammySignal = NonNullable<Parameters<RawApi["sendMessage"]>[1]>;
type GrammyFetch = NonNullable<ApiClientOptions["fetch"]>;

export interface TelegramClient {
  /** One call of the Bot API: one request, never repeated. Rejects with grammY's errors: see `errors.ts`. */
  call<T>(
    request: (api: RawApi, signal: GrammySignal) => Promise<T>,
    limits: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<T>;
}

/** The longest that a call other than a long poll may take. */
export const CALL_DEADLINE_MS = 30_000;

export function createTelegramClient(
  options: Pick<TelegramOptions, "token" | "apiRoot">,
  clock: Clock,
): TelegramClient {
  const fetch = createFetch(options.apiRoot, clock);
  const api = new Api(options.token, { apiRoot: options.apiRoot, fetch });
  return {
    async call(request, { deadlineMs, signal }) {
      signal.throwIfAborted();
      return withDeadline({ clock, ms: deadlineMs, signal }, (own) =>
        request(api.raw, own as unknown as GrammySignal),
      );
    },
  };
}

/**
 * In the place of node-fetch, grammY's own, which follows redirects with the message in hand, and of a failure tells
 * neither the status nor whether anything was written. Of an answer grammY takes only the JSON.
 */
function createFetch(apiRoot: string, clock: Clock): GrammyFetch {
  const exchange = createExchange(apiRoot);
  const fetch = async (url: string, call: HttpCall) => {
    const answer = await exchange(url, call);
    return { json: async () => readAnswer(answer, clock.now()) };
  };
  return fetch as unknown as GrammyFetch;
}
