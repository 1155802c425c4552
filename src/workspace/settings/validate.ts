import * as z from "zod";
import { explainIssue } from "./explain-issue.ts";
import type { Path, PlacedProblem } from "./problem.ts";
import { keysAt } from "./schema-keys.ts";
import { isMapping } from "./walk-yaml.ts";

export interface ValidateDeps {
  /** Where the value stands in the file. */
  readonly path: Path;
  lineOf(path: Path): number;
  /** Whether the text at the path came out of an unquoted `${NAME}`, and so may mean a number or true/false. */
  isExpanded(path: Path): boolean;
  /** Keys beside the schema's own that may stand at its top; only for suggestions. */
  readonly moreKeys?: readonly string[];
}

export type Validated<T> =
  /** `given` is what was checked in the end, with its types set right. */
  | { readonly kind: "ok"; readonly value: T; readonly given: unknown }
  | { readonly kind: "wrong"; readonly problems: readonly PlacedProblem[] };

/** Checks a value against a schema; what is wrong comes out in plain words with its line. */
export function validate<S extends z.ZodType>(
  schema: S,
  given: unknown,
  deps: ValidateDeps,
): Validated<z.output<S>> {
  const first = schema.safeParse(given);
  if (first.success) return { kind: "ok", value: first.data, given };
  const typed = retype(given, first.error.issues, deps);
  const result = typed === given ? first : schema.safeParse(typed);
  if (result.success) return { kind: "ok", value: result.data, given: typed };

  const context = {
    path: deps.path,
    lineOf: deps.lineOf,
    valueAt: (path: Path) => valueAt(typed, path.slice(deps.path.length)),
    keysAt: (path: Path) => {
      const more = path.length === 0 ? (deps.moreKeys ?? []) : [];
      return [...new Set([...keysAt(schema, path), ...more])];
    },
  };
  // A misspelt key often explains what else is missing.
  const issues = result.error.issues.toSorted((a, b) => rank(a) - rank(b));
  const problems = issues.flatMap((issue) => {
    const path = [...deps.path, ...issue.path.filter((part) => typeof part !== "symbol")];
    return explainIssue(issue, context).map((problem) => ({ ...problem, path }));
  });
  return { kind: "wrong", problems };
}

const rank = ({ code }: z.core.$ZodIssue) => (code === "unrecognized_keys" ? 0 : 1);

/** In a file, `${N}` without quotes stands where 16 or true would stand: texts that are wanted as such become such. */
function retype(given: unknown, issues: readonly z.core.$ZodIssue[], deps: ValidateDeps): unknown {
  return issues.reduce((value, { path }) => {
    const inner = path.filter((part) => typeof part !== "symbol");
    const text = valueAt(value, inner);
    if (typeof text !== "string" || !deps.isExpanded([...deps.path, ...inner])) return value;
    const typed = SCALARS.safeParse(text).data ?? text;
    return typed === text ? value : replaceAt(value, inner, typed);
  }, given);
}

const SCALARS = z.union([
  z.enum(["true", "false"]).transform((text) => text === "true"),
  z
    .string()
    .regex(/^-?\d+(?:\.\d+)?$/)
    .transform(Number),
]);

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, part) => {
    if (Array.isArray(node) && typeof part === "number") return node[part];
    return isMapping(node) ? node[part] : undefined;
  }, value);
}

function replaceAt(node: unknown, path: Path, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (Array.isArray(node)) {
    return node.map((item, index) => (index === part ? replaceAt(item, rest, value) : item));
  }
  if (!isMapping(node)) return node;
  return { ...node, [part]: replaceAt(node[part], rest, value) };
}
