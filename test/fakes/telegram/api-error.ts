/** An answer `{ok: false}`: what a method throws. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly parameters: Readonly<Record<string, number>> | undefined;

  constructor(code: number, description: string, parameters?: Readonly<Record<string, number>>) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

export const badRequest = (reason: string): ApiError => new ApiError(400, `Bad Request: ${reason}`);

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden: bot was blocked by the user",
  404: "Not Found",
  409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
  500: "Internal Server Error: restart",
  502: "Bad Gateway",
};

/** The error that a real server gives with this code, or one with the given text. */
export function errorOfCode(code: number, description?: string, retryAfter?: number): ApiError {
  if (code === 429) {
    const seconds = retryAfter ?? 1;
    const text = description ?? `Too Many Requests: retry after ${seconds}`;
    return new ApiError(code, text, { retry_after: seconds });
  }
  return new ApiError(code, description ?? DESCRIPTIONS[code] ?? `Error ${code}`);
}
