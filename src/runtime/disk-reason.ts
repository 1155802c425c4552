import { errorCode, errorMessage } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EACCES: "no permission to write",
  EPERM: "no permission to write",
  EROFS: "the disk is read-only",
  EMFILE: "too many open files",
  ENFILE: "too many open files",
  EIO: "the disk reports an error",
};

/** The cause of a failed file call in words, with Node's own message. */
export function diskReason(error: unknown): string {
  const words = REASONS[errorCode(error) ?? ""];
  return words ? `${words} (${errorMessage(error)})` : errorMessage(error);
}
