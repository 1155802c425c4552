import { type Problem, printPlainly } from "./settings/problem.ts";
import { readYaml, type YamlFile } from "./settings/read-yaml.ts";

/**
 * A Markdown file that begins with settings: `---`, a YAML mapping, `---`, then the body. A file that does not begin
 * with `---` is all body.
 */
export type FrontMatterResult =
  | { readonly kind: "parsed"; readonly frontMatter: FrontMatter }
  /** The settings cannot be read. `line` counts from 1 in the whole file. */
  | { readonly kind: "broken"; readonly line: number; readonly message: string };

/** The settings at the top of a file. Lines count from 1 in the whole file. */
export interface FrontMatter extends Pick<YamlFile, "lineOf" | "isPlain"> {
  readonly values: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** The lines between the marks, with their last newline; windows line ends and a byte order mark are fine. */
const FRONT_MATTER = /^\uFEFF?---\r?\n([\s\S]*?)(?<=\n)---(?:\r?\n|$)/;
/** A mark with a setting below it, and not just a line across the page. */
const BEGINNING = /^\uFEFF?---\r?\n[ \t]*[\w-]+:(?:\s|$)/;

export function parseFrontMatter(text: string): FrontMatterResult {
  const match = FRONT_MATTER.exec(text);
  if (match) return parseSettings(match[1] ?? "", text.slice(match[0].length));
  if (BEGINNING.test(text)) return broken(UNENDED);
  const noSettings = { values: {}, lineOf: () => 1, isPlain: () => false };
  return { kind: "parsed", frontMatter: { ...noSettings, body: text } };
}

const UNENDED: Problem = {
  line: 1,
  what: "the settings at the top have no end",
  remedy: "write a line `---` after them",
};

/** The settings begin on line 2. */
const LINES_BEFORE = 1;

function parseSettings(yaml: string, body: string): FrontMatterResult {
  const read = readYaml(yaml, { example: "name: Pickle" });
  if (read.kind === "broken") {
    const [problem] = read.problems.toSorted((a, b) => a.line - b.line);
    return broken({ ...(problem ?? UNENDED), line: (problem?.line ?? 0) + LINES_BEFORE });
  }
  const { value, lineOf, isPlain } = read.file;
  const values = {
    values: value,
    lineOf: (path: Parameters<typeof lineOf>[0]) => lineOf(path) + LINES_BEFORE,
  };
  return { kind: "parsed", frontMatter: { ...values, isPlain, body } };
}

const broken = (problem: Problem): FrontMatterResult => ({
  kind: "broken",
  line: problem.line,
  message: printPlainly(problem),
});
