import { join } from "node:path";
import fastGlob from "fast-glob";
import type * as z from "zod";
import type { FileOps } from "../runtime/file-ops.ts";
import type { FrontMatter } from "./front-matter.ts";
import { printPlainly } from "./settings/problem.ts";
import { validate } from "./settings/validate.ts";

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
export function checkFrontMatter<S extends z.ZodType>(
  { values, lineOf, isPlain }: FrontMatter,
  schema: S,
): CheckedDefinition<z.output<S>> {
  const checked = validate(schema, values, { path: [], lineOf, isExpanded: isPlain });
  if (checked.kind === "ok") return { kind: "valid", value: checked.value };
  const [problem] = checked.problems;
  if (!problem) return { kind: "broken", line: 1, message: "it is not valid" };
  return { kind: "broken", line: problem.line, message: printPlainly(problem) };
}
