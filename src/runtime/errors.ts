/** Whatever was thrown, as an Error: a stray value becomes the `cause` of one. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(`Unknown failure: ${String(thrown)}`, { cause: thrown });
}

/** The message of whatever was thrown, on one line, for logs and notes. */
export function errorMessage(thrown: unknown): string {
  return asError(thrown).message.replace(/\s*\n\s*/g, " ");
}

/** Node's error code ("ENOENT", "ENOSPC", …) of an error or of one of its causes. */
export function errorCode(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ("code" in error && typeof error.code === "string") return error.code;
  }
  return undefined;
}

/** The same of a system call alone ("ENOSPC", "EACCES", …): trouble of the machine, which passes. A bug has none. */
export function systemErrorCode(thrown: unknown): string | undefined {
  const code = errorCode(thrown);
  // Node's own checks of arguments (ERR_…) fail because of a bug.
  return code && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/**
 * A mistake of the person who runs the program: shown as one line without a stack.
 * `exitCode` is the process's: 78 (EX_CONFIG) for configuration, 1 otherwise.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? 1;
  }
}
