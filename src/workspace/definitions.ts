import { join } from "node:path";
import fastGlob from "fast-glob";
import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";
import type { FileOps } from "../runtime/file-ops.ts";
import type { FrontMatter } from "./front-matter.ts";

/** What is wrong with a definition, and what to do about it. One bad definition never touches the others. */
export interface DefinitionProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number | undefined;
  readonly message: string;
}

export interface FoundDefinitions {
  /** Sorted. */
  readonly ids: readonly string[];
  readonly problems: readonly DefinitionProblem[];
}

const DEFINITION_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const isDefinitionId = (id: string) => DEFINITION_ID.test(id);

/** Finds `<folder>/<id>/<fileName>`. Symbolic links are not followed, so nothing outside the folder is found. */
export async function findDefinitions(
  folder: string,
  fileName: string,
  files: Pick<FileOps, "stat">,
): Promise<FoundDefinitions> {
  const options = { cwd: folder, deep: 1, onlyFiles: false, followSymbolicLinks: false };
  const entries = await fastGlob("*", { ...options, objectMode: true });
  const ids: string[] = [];
  const problems: DefinitionProblem[] = [];
  for (const { name, dirent } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!dirent.isDirectory() && !dirent.isSymbolicLink()) continue;
    const kind = dirent.isSymbolicLink() ? "link" : "folder";
    const message = await problemOf({ folder, name, fileName, kind }, files);
    if (message === undefined) ids.push(name);
    else problems.push({ file: join(folder, name), message });
  }
  return { ids, problems };
}

interface Candidate {
  readonly folder: string;
  readonly name: string;
  readonly fileName: string;
  readonly kind: "folder" | "link";
}

async function problemOf(candidate: Candidate, files: Pick<FileOps, "stat">) {
  const { folder, name, fileName, kind } = candidate;
  if (kind === "link") return "it is a symbolic link, which is not followed: use a real folder";
  if (!isDefinitionId(name)) {
    return `"${name}" cannot be an id: rename the folder to lower-case letters, digits, "-" and "_", at most 64`;
  }
  const file = await files.stat(join(folder, name, fileName));
  if (!file) return `there is no ${fileName} in it: write one, or remove the folder`;
  return file.isFile ? undefined : `${fileName} must be a regular file, not a link or a folder`;
}

export type CheckedDefinition<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "broken"; readonly line: number; readonly message: string };

/** Checks the settings of a definition against a strict schema. Tells of the first mistake only. */
export function checkFrontMatter<T>(
  frontMatter: FrontMatter,
  schema: z.ZodType<T>,
): CheckedDefinition<T> {
  const parsed = schema.safeParse(frontMatter.values);
  if (parsed.success) return { kind: "valid", value: parsed.data };
  const { issues } = parsed.error;
  // A misspelt key often explains what else is missing.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  if (!issue) return { kind: "broken", line: 1, message: "it is not valid" };
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...unknown];
  return {
    kind: "broken",
    line: frontMatter.lineOf(path),
    message: describe(issue, { path: path.join("."), values: frontMatter.values, schema }),
  };
}

interface IssueContext {
  readonly path: string;
  readonly values: unknown;
  readonly schema: z.ZodType;
}

function describe(issue: z.core.$ZodIssue, { path, values, schema }: IssueContext): string {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path);
    return `unknown key "${path}": ${suggestion(issue.keys[0] ?? "", known)}`;
  }
  if (issue.code === "invalid_type" && valueAt(values, issue.path) === undefined) {
    return `"${path}" is missing: add a line "${path}: …"`;
  }
  return `"${path}": ${issue.message}`;
}

/** "did you mean …" if a known word is near, else all known words. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = known.length > 0 ? closest(word, known) : "";
  const isNear = near !== "" && distance(word, near) <= Math.max(2, Math.floor(word.length / 3));
  if (isNear) return `did you mean "${near}"?`;
  return known.length > 0 ? `known are ${known.join(", ")}` : "none is known here";
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let inner: unknown = schema;
  for (const key of path) {
    inner = unwrapped(inner);
    inner = inner instanceof z.ZodObject ? inner.shape[String(key)] : undefined;
  }
  inner = unwrapped(inner);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodPipe) return unwrapped(schema.in);
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let inner = values;
  for (const key of path) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = Object.entries(inner).find(([name]) => name === String(key))?.[1];
  }
  return inner;
}
