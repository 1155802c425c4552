import type { HttpAnswer } from "./exchange.ts";
import { ExchangeError } from "./exchange-error.ts";
import { retryAfterMs } from "./retry-after.ts";

const REDIRECT_REMEDY = "Set api_root to the platform's own address, or take away what redirects";

/**
 * The verdict on an answer that is not in the platform's words: its status is all there is to go by. A proxy that says
 * 4xx, or sends elsewhere, has passed nothing on; what it says with 5xx or 2xx proves nothing.
 */
export function strangeAnswer(answer: HttpAnswer, platform: string, now: number): ExchangeError {
  const { status, headers } = answer;
  if (status >= 300 && status < 400) {
    const reason = `it answered ${status}, a redirect${targetOf(headers.location)}, which is not followed`;
    return new ExchangeError(reason, { sent: "no", remedy: REDIRECT_REMEDY });
  }
  const what = answer.isWhole ? "the answer" : "an answer that was cut off";
  const reason = `${what} is not one of ${platform} (status ${status})`;
  if (status < 400 || status >= 500) return new ExchangeError(reason, { sent: "unknown" });
  const waitMs = status === 429 ? retryAfterMs(headers["retry-after"], now) : undefined;
  return new ExchangeError(reason, { sent: "no", retryAfterMs: waitMs });
}

/** Only the host: a path can hold a token. */
function targetOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? ` to ${new URL(location).host}` : "";
}
