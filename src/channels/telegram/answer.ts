import * as z from "zod";
import type { HttpAnswer } from "../exchange.ts";
import { strangeAnswer } from "../strange-answer.ts";

const resultSchema = z
  .object({ ok: z.literal(true), result: z.unknown() })
  .refine(({ result }) => result !== undefined);

/** Cut down to what is read of it; what is not in its form is left out. */
const refusalSchema = z.object({
  ok: z.literal(false),
  error_code: z.number().int().min(400),
  description: z.string().catch(""),
  parameters: z
    .object({
      retry_after: z.number().optional().catch(undefined),
      migrate_to_chat_id: z.number().optional().catch(undefined),
    })
    .catch({}),
});

/**
 * The answer in the Bot API's words, for grammY, which looks at nothing but the body. Throws an ExchangeError for one
 * that does not come from the Bot API: a proxy's page, a redirect, an answer that was cut off. `now`: UTC ms.
 */
export function readAnswer(answer: HttpAnswer, now: number): unknown {
  const { status } = answer;
  const body = parseJson(answer.text);
  const isOk = status >= 200 && status < 300;
  const result = isOk ? resultSchema.safeParse(body) : undefined;
  if (result?.success) return result.data;
  const refusal = refusalSchema.safeParse(body);
  // A server in between may rewrite the status, but not into a refusal what the Bot API did not refuse.
  if (refusal.success && (isOk || sameClass(refusal.data.error_code, status))) return refusal.data;
  throw strangeAnswer(answer, "the Bot API", now);
}

const sameClass = (code: number, status: number) =>
  Math.floor(code / 100) === Math.floor(status / 100);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON is no answer of the Bot API, which is what the caller makes of it.
    return undefined;
  }
}
