import { errorCode, errorMessage } from "../runtime/errors.ts";

/** What the machine said no to, for the person at the terminal: the path, the reason in words, and what to do. */
export function describeSystemError(error: Error): string {
  const code = errorCode(error) ?? "";
  const words = WORDS[code];
  if (words === undefined) return errorMessage(error);
  const [reason, remedy] = words;
  const where = "path" in error ? String(error.path) : "the disk";
  return `Cannot use ${where}: ${reason} (${code}); ${remedy}`;
}

const OTHER_FOLDER = "name another workspace with -w";
const PERMISSIONS = `correct its owner or permissions, or ${OTHER_FOLDER}`;

const WORDS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  EACCES: ["you are not allowed to", PERMISSIONS],
  EPERM: ["you are not allowed to", PERMISSIONS],
  EROFS: ["its file system is read-only", OTHER_FOLDER],
  ENOTDIR: ["a part of its path is a file, not a folder", OTHER_FOLDER],
  EEXIST: ["a file is there, where a folder is wanted", OTHER_FOLDER],
  ENOSPC: ["the disk is full", "free some space"],
  EDQUOT: ["your share of the disk is full", "free some space"],
  EMFILE: ["too many files are open", "raise the limit (ulimit -n)"],
};
