import { type ErrorReport, readError } from "./error-report.ts";
import { ModelError } from "./provider.ts";

/** Every way in which a model call fails, with what the person in the chat is told. */
const PERMANENT = {
  keyRefused:
    "The model's service does not accept this bot's key. The bot's owner has to check the configuration.",
  noCredit: "The account for the model has no credit left. The bot's owner has to look after it.",
  unknownModel:
    "The configured model was not found. The bot's owner has to check the configuration.",
  wrongAddress:
    "The model's address leads elsewhere. The bot's owner has to check the configuration.",
  tooLong: "This conversation has become too long for the model. /clear starts fresh.",
  refused: "The model did not accept this conversation. /clear starts fresh.",
} as const;

const TRANSIENT = {
  busy: "The model is too busy at the moment. Please try again later.",
  slow: "The model took too long to answer. Please try again.",
  unreachable: "The model cannot be reached at the moment. Please try again later.",
  cutOff: "The model stopped in the middle of its answer. Please try again.",
  unreadable: "The model's answer could not be read. Please try again.",
} as const;

type Verdict = keyof typeof PERMANENT | keyof typeof TRANSIENT;

/**
 * Whatever a model call threw, or an `error` part of its stream held, as a ModelError. An abort by the caller's own
 * signal cannot be told from a lost connection here: look at the signal first.
 */
export function asModelError(thrown: unknown): ModelError {
  if (thrown instanceof ModelError) return thrown;
  const report = readError(thrown);
  const verdict = judge(report, thrown);
  const message = `Cannot get an answer from the model: ${report.summary}`;
  const cause = report.cause;
  if (isPermanent(verdict)) {
    const publicText = PERMANENT[verdict];
    return new ModelError(message, { failure: { kind: "permanent" }, publicText, cause });
  }
  const failure = { kind: "transient", retryAfterMs: report.retryAfterMs } as const;
  return new ModelError(message, { failure, publicText: TRANSIENT[verdict], cause });
}

/** For a stream that ended as if it were whole, before the model had said that it was done. */
export function cutOff(): ModelError {
  return new ModelError("Cannot get an answer from the model: the stream ended before the answer", {
    failure: { kind: "transient" },
    publicText: TRANSIENT.cutOff,
  });
}

function isPermanent(verdict: Verdict): verdict is keyof typeof PERMANENT {
  return verdict in PERMANENT;
}

const NO_CREDIT =
  /insufficient_quota|billing_(hard_limit_reached|not_active)|insufficient[ _]balance|credit balance/i;
const BAD_KEY = /api[ _]key[ _](not[ _]valid|invalid|expired)/i;
const TOO_LONG =
  /context[ _](length|window|size)|prompt is too long|too many (input )?tokens|input is too long|input token count|maximum (number of tokens|context)|reduce the length|request_too_large/i;

function judge(report: ErrorReport, thrown: unknown): Verdict {
  const { status, said } = report;
  if (status === undefined) return judgeWithoutStatus(report, thrown);
  if (status < 300) return judgeAnswer(report);
  if (status < 400) return "wrongAddress";
  if (status >= 500) return judgeServerError(status);
  if (status === 402 || NO_CREDIT.test(said)) return "noCredit";
  switch (status) {
    case 401:
    case 403:
      return "keyRefused";
    case 404:
      return "unknownModel";
    case 408:
      return "slow";
    case 409:
    case 425:
    case 429:
      return "busy";
    default:
      return judgeRequest(status, said);
  }
}

/** The answer had begun. */
function judgeAnswer(report: ErrorReport): Verdict {
  if (report.timedOut) return "slow";
  return report.cause === undefined ? "unreadable" : "cutOff";
}

function judgeServerError(status: number): Verdict {
  if (status === 504) return "slow";
  return status === 503 || status === 529 ? "busy" : "unreachable";
}

/** 400, 413, 422 and their kin: something about what was sent. */
function judgeRequest(status: number, said: string): Verdict {
  // Google answers 400 to a wrong key.
  if (BAD_KEY.test(said)) return "keyRefused";
  return status === 413 || TOO_LONG.test(said) ? "tooLong" : "refused";
}

/** Errors by which the library says that it cannot even make the request. */
const REFUSED_BY_LIBRARY = /^AI_(InvalidPrompt|InvalidArgument|UnsupportedFunctionality)Error$/;

function judgeWithoutStatus(report: ErrorReport, thrown: unknown): Verdict {
  if (report.timedOut) return "slow";
  const name = thrown instanceof Error ? thrown.name : "";
  if (REFUSED_BY_LIBRARY.test(name)) return "refused";
  return name.startsWith("AI_") && name !== "AI_APICallError" ? "unreadable" : "unreachable";
}
