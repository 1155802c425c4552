import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Api } from "grammy";
import type { Clock } from "../../runtime/clock.ts";
import type { TelegramOptions } from "./options.ts";

type RawApi = Api["raw"];
/** grammY names the type of a polyfill; it takes the platform's own signals. */
type GrammySignal = NonNullable<Parameters<RawApi["sendMessage"]>[1]>;

export interface TelegramClient {
  /** One call of the Bot API: one request, never repeated. Rejects with grammY's errors: see `errors.ts`. */
  call<T>(
    request: (api: RawApi, signal: GrammySignal) => Promise<T>,
    limits: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<T>;
}

/** The longest that a call other than a long poll may take. */
export const CALL_DEADLINE_MS = 30_000;

/** A connection that nobody used for so long may be dead without a sign: a send on it would be ambiguous. */
const IDLE_CONNECTION_MS = 10_000;

/** Reason of an abort that nobody waits for any more: without one, each abort makes an error of its own. */
const OVER = new Error("The call is over");

function createAgent(apiRoot: string): HttpAgent | HttpsAgent {
  const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
  return apiRoot.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options);
}

export function createTelegramClient(
  options: Pick<TelegramOptions, "token" | "apiRoot">,
  clock: Clock,
): TelegramClient {
  const agent = createAgent(options.apiRoot);
  const api = new Api(options.token, { apiRoot: options.apiRoot, baseFetchConfig: { agent } });
  return {
    async call(request, { deadlineMs, signal }) {
      signal.throwIfAborted();
      const controller = new AbortController();
      const abort = () => controller.abort();
      const over = new AbortController();
      signal.addEventListener("abort", abort);
      clock.sleep(deadlineMs, over.signal).then(abort, () => {
        // Rejects only when the call is over, and whoever made the call has its result or its error.
      });
      try {
        return await request(api.raw, controller.signal as unknown as GrammySignal);
      } finally {
        over.abort(OVER);
        signal.removeEventListener("abort", abort);
      }
    },
  };
}
