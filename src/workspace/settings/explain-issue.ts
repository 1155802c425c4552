import type * as z from "zod";
import { type Path, type Problem, printPath } from "./problem.ts";
import { suggest } from "./schema-keys.ts";
import { isSecretKey } from "./secret-key.ts";

export interface IssueContext {
  /** Where the checked value stands in the file; issues count from there. */
  readonly path: Path;
  lineOf(path: Path): number;
  /** The value at a path (from the top of the file). */
  valueAt(path: Path): unknown;
  /** The keys that may stand in the mapping at a path (from the checked value). */
  keysAt(path: Path): readonly string[];
}

type Issue = z.core.$ZodIssue;

/** What a schema found, in the words of the person who wrote the file. */
export function explainIssue(issue: Issue, context: IssueContext): Problem[] {
  const inner = issue.path.filter((part) => typeof part !== "symbol");
  const path = [...context.path, ...inner];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      line: context.lineOf([...path, key]),
      what: `unknown key \`${key}\``,
      remedy: suggest(key, context.keysAt(inner)),
    }));
  }
  const value = context.valueAt(path);
  const missing = value === undefined;
  const what = `\`${printPath(path)}\` is ${missing ? "missing" : shown(value, path)}`;
  const remedy = missing && issue.code !== "custom" ? "add it" : remedyFor(issue, value);
  return [{ line: context.lineOf(path), what, remedy }];
}

function remedyFor(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return `write ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "invalid_union":
      return `write ${[...new Set(expectedOf(issue))].join(" or ")}`;
    case "invalid_value":
      return suggest(String(value), issue.values.map(String));
    case "too_small":
      return tooSmall(issue);
    case "too_big":
      return `write ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_format":
      return issue.format === "url" && /^Invalid/.test(issue.message)
        ? "write an address that starts with http:// or https://"
        : lowerFirst(issue.message);
    default:
      return lowerFirst(issue.message);
  }
}

/** What each alternative of a union wanted, as far as it is about the value itself and not something in it. */
function expectedOf({ errors }: Extract<Issue, { code: "invalid_union" }>): string[] {
  const ownIssues = errors.flat().filter((issue) => issue.path.length === 0);
  const wanted = ownIssues.flatMap((issue) => {
    if (issue.code === "invalid_type") return [EXPECTED[issue.expected] ?? issue.expected];
    return issue.code === "invalid_union" ? expectedOf(issue) : [];
  });
  return wanted.length > 0 ? wanted : ["another value"];
}

function tooSmall(issue: Extract<Issue, { code: "too_small" }>): string {
  if (issue.origin === "string") return "write a text that is not empty";
  if (issue.origin === "array") return `list at least ${issue.minimum}`;
  return `write ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list, such as [a, b]",
  object: "a mapping (lines of `key: value` under it)",
  record: "a mapping (lines of `key: value` under it)",
};

const LONGEST_SHOWN = 40;

/** A value as a person knows it again; never a secret, and no address, which may contain one. */
function shown(value: unknown, path: Path): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "empty";
  if (typeof value === "object") return "a mapping";
  const text = JSON.stringify(value);
  const isHidden = path.some((part) => typeof part === "string" && isSecretKey(part));
  if (text === '""') return "empty";
  return isHidden || text.length > LONGEST_SHOWN || text.includes("://") ? "not right" : text;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
