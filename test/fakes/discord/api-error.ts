/** A refusal in Discord's form: an HTTP status, and a code of Discord's own. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: number;
  readonly retryAfterS: number | undefined;
  readonly global: boolean;

  constructor(
    message: string,
    given: { status: number; code?: number; retryAfterS?: number; global?: boolean },
  ) {
    super(message);
    this.status = given.status;
    this.code = given.code ?? 0;
    this.retryAfterS = given.retryAfterS;
    this.global = given.global ?? false;
  }
}

const KNOWN = {
  unknownChannel: [404, 10_003, "Unknown Channel"],
  unknownMessage: [404, 10_008, "Unknown Message"],
  unknownInteraction: [404, 10_062, "Unknown interaction"],
  unknownWebhook: [404, 10_015, "Unknown Webhook"],
  alreadyAcknowledged: [400, 40_060, "Interaction has already been acknowledged."],
  missingAccess: [403, 50_001, "Missing Access"],
  cannotEdit: [403, 50_005, "Cannot edit a message authored by another user"],
  emptyMessage: [400, 50_006, "Cannot send an empty message"],
  cannotDm: [403, 50_007, "Cannot send messages to this user"],
  invalidRecipients: [400, 50_033, "Invalid Recipient(s)"],
  invalidForm: [400, 50_035, "Invalid Form Body"],
  cannotQuote: [403, 160_002, "Cannot reply without permission to read message history"],
  unauthorized: [401, 0, "401: Unauthorized"],
  notFound: [404, 0, "404: Not Found"],
} as const;

export function apiError(kind: keyof typeof KNOWN): ApiError {
  const [status, code, message] = KNOWN[kind];
  return new ApiError(message, { status, code });
}

/** The usual refusal of a status, for a fault. A description "global" makes a 429 count for the whole bot. */
export function errorOfStatus(status: number, description?: string, retryAfterS = 1): ApiError {
  if (status === 401) return apiError("unauthorized");
  if (status === 403) return description ? byCode(status, description) : apiError("cannotDm");
  if (status === 404) return description ? byCode(status, description) : apiError("unknownChannel");
  if (status === 429) {
    const global = description === "global";
    return new ApiError("You are being rate limited.", { status, retryAfterS, global });
  }
  return byCode(status, description ?? `${status}: Error`);
}

/** "50013 Missing Permissions" gives Discord's code and text. */
function byCode(status: number, description: string): ApiError {
  const [, code, text] = /^(\d+) (.+)$/.exec(description) ?? [undefined, "0", description];
  return new ApiError(text ?? description, { status, code: Number(code) });
}
