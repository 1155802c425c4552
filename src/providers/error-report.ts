import { APICallError } from "@ai-sdk/provider";
import * as z from "zod";
import { errorCode } from "../runtime/errors.ts";

/** What can be known about a failed model call, whatever threw. */
export interface ErrorReport {
  /** HTTP status, or the one that the service's own error type stands for. */
  readonly status: number | undefined;
  /** Everything that was said, machine words included; for recognising, not for showing. */
  readonly said: string;
  /** The same for the log: short, one line, no HTML, no keys. */
  readonly summary: string;
  /** Whether the time ran out rather than the connection. */
  readonly timedOut: boolean;
  readonly retryAfterMs: number | undefined;
  /** What lies under it, free of conversation texts and keys. */
  readonly cause: unknown;
}

const SUMMARY_LENGTH = 300;
/** As much of a body or message as is looked at. */
const READ_LENGTH = 4_000;

export function readError(thrown: unknown): ErrorReport {
  if (APICallError.isInstance(thrown)) return readCallError(thrown);
  if (thrown instanceof Error) return readPlainError(thrown);
  return readStreamedError(thrown);
}

function readCallError(error: APICallError): ErrorReport {
  const body = (error.responseBody ?? "").slice(0, READ_LENGTH);
  // Where the body was understood, the message is its text.
  const shown = error.data === undefined ? `${error.message} ${body}` : error.message;
  const status = error.statusCode === undefined ? "" : `HTTP ${error.statusCode} `;
  const cause = systemError(error);
  return {
    status: error.statusCode,
    said: `${error.message.slice(0, READ_LENGTH)} ${body}`,
    summary: `${status}from ${withoutQuery(error.url)}: ${summarize(shown)}${codeOf(cause)}`,
    timedOut: isTimeOut(error),
    retryAfterMs: readRetryAfter(error.responseHeaders ?? {}, body),
    cause,
  };
}

function readPlainError(error: Error): ErrorReport {
  const said = error.message.slice(0, READ_LENGTH);
  return {
    status: undefined,
    said,
    summary: summarize(said),
    timedOut: isTimeOut(error),
    retryAfterMs: undefined,
    cause: systemError(error),
  };
}

/** A service's own word for the error, and its text. */
const streamedSchema = z
  .union([
    z.string().transform((message) => ({ type: "", message })),
    z
      .looseObject({
        message: z.string().default(""),
        type: z.string().nullish(),
        code: z.union([z.string(), z.number()]).nullish(),
      })
      .transform(({ message, type, code }) => ({ type: `${type ?? ""} ${code ?? ""}`, message })),
  ])
  .catch({ type: "", message: "an error of unknown form" });

/** Services send an error in the middle of a stream as an object of their own: no status, but a type or a code. */
function readStreamedError(thrown: unknown): ErrorReport {
  const { type, message } = streamedSchema.parse(thrown);
  const said = `${type} ${message.slice(0, READ_LENGTH)}`.trim();
  return {
    status: statusOf(type),
    said,
    summary: `error in the stream: ${summarize(said)}`,
    timedOut: false,
    retryAfterMs: undefined,
    cause: undefined,
  };
}

const STATUS_OF_TYPE: readonly (readonly [RegExp, number])[] = [
  [/insufficient_quota|rate_limit|too_many_requests/, 429],
  [/authentication|invalid_api_key/, 401],
  [/permission/, 403],
  [/not_found/, 404],
  [/invalid_request|context_length/, 400],
  [/too_large/, 413],
  [/overloaded/, 529],
];

function statusOf(type: string): number {
  const code = /\b[345]\d\d\b/.exec(type);
  if (code) return Number(code[0]);
  return STATUS_OF_TYPE.find(([pattern]) => pattern.test(type))?.[1] ?? 500;
}

function isTimeOut(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error.name === "TimeoutError") return true;
  }
  return /TIMEDOUT|TIMEOUT/.test(errorCode(thrown) ?? "");
}

/** The system's own error below the library's ones, whose texts may hold whole conversations. */
function systemError(thrown: unknown): unknown {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ("code" in error && typeof error.code === "string") return error;
  }
  return undefined;
}

/** `retry-after-ms`, `retry-after` in seconds or as a date, or Google's `retryDelay`; in ms from now. */
function readRetryAfter(headers: Record<string, string>, body: string): number | undefined {
  const { "retry-after-ms": inMs, "retry-after": after, date } = headers;
  // A date is compared with the service's own clock, so that ours may be wrong.
  const candidates = [
    Number.parseFloat(inMs ?? ""),
    /^[\d.]+$/.test(after ?? "") ? Number(after) * 1000 : Number.NaN,
    Date.parse(after ?? "") - Date.parse(date ?? ""),
    Number(/"retryDelay"\s*:\s*"([\d.]+)s"/.exec(body)?.[1]) * 1000,
  ];
  return candidates.map(Math.round).find((ms) => ms >= 0 && Number.isFinite(ms));
}

function codeOf(cause: unknown): string {
  const code = errorCode(cause);
  return code === undefined ? "" : ` (${code})`;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

function summarize(text: string): string {
  const plain = text
    .slice(0, READ_LENGTH)
    .replace(/<(script|style)\b.*?<\/\1>/gis, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  const safe = withoutKeys(plain);
  return safe.length > SUMMARY_LENGTH ? `${safe.slice(0, SUMMARY_LENGTH)}…` : safe;
}

/** Services like to quote the key that they refused. */
function withoutKeys(text: string): string {
  return text
    .replace(/\bBearer\s+[^\s"',}]+/gi, "Bearer [key]")
    .replace(/\b(?:sk|gsk|xai|pk)[-_][^\s"',}]+/g, "[key]")
    .replace(/((?:api|access|auth)[-_ ]?(?:key|token)["']?\s*[:=]\s*["']?)[^\s"',}]+/gi, "$1[key]")
    .replace(/(?<![\w-])(?=[\w-]*\d)[\w-]{24,}/g, "[key]");
}
