import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { guardReferences } from "./guard-references.ts";
import { type Path, type Problem, pathKey } from "./problem.ts";
import { isMapping, walkYaml, type YamlValues } from "./walk-yaml.ts";

/** What a YAML file says, as plain values (`YamlValues`), and where it says it. */
export interface YamlFile {
  readonly value: Readonly<Record<string, unknown>>;
  /** The line of what is at the path, or of the nearest thing around it. */
  lineOf(path: Path): number;
  /** Whether the scalar at the path stands there without quotes. */
  isPlain(path: Path): boolean;
}

export type YamlReading =
  | { readonly kind: "ok"; readonly file: YamlFile }
  | { readonly kind: "broken"; readonly problems: readonly Problem[] };

/**
 * Reads a file whose top is a mapping; an empty one is an empty mapping. Keys that come twice are mistakes. `example`:
 * a line that such a file may have.
 */
export function readYaml(
  source: string,
  { example = "default_agent: pickle" }: { example?: string } = {},
): YamlReading {
  const { text, restore } = guardReferences(source);
  const counter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: counter,
    intAsBigInt: true,
    prettyErrors: false,
  });
  const lineAt = (offset: number) => counter.linePos(offset).line || 1;
  const syntax = [...document.errors, ...document.warnings].map((error) =>
    syntaxProblem(error, lineAt(error.pos[0]), restore(text.slice(error.pos[0]))),
  );
  if (syntax.length > 0) return { kind: "broken", problems: firstOfEachLine(syntax) };

  const values = walkYaml(document, { lineAt, restore });
  const value = values.value ?? {};
  if (values.problems.length > 0) return { kind: "broken", problems: values.problems };
  if (!isMapping(value)) return { kind: "broken", problems: [notAMapping(example)] };
  return { kind: "ok", file: yamlFile(value, values) };
}

const notAMapping = (example: string): Problem => ({
  line: 1,
  what: "the file does not consist of settings",
  remedy: `write lines such as \`${example}\``,
});

function yamlFile(value: YamlFile["value"], { lines, plain }: YamlValues): YamlFile {
  return {
    value,
    lineOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const line = lines.get(pathKey(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return 1;
    },
    isPlain: (path) => plain.has(pathKey(path)),
  };
}

function syntaxProblem(error: YAMLError, line: number, rest: string): Problem {
  switch (error.code) {
    case "DUPLICATE_KEY": {
      const key = /^[^:\n]*/.exec(rest)?.[0].trim();
      return { line, what: `key \`${key}\` is here twice`, remedy: "keep one of them" };
    }
    case "TAB_AS_INDENT":
      return { line, what: "a tab indents this line", remedy: "use spaces" };
    default:
      return {
        line,
        what: `this is not YAML (${error.message.replace(/; .*/s, "")})`,
        remedy: "check the indentation, colons and quotes here",
      };
  }
}

/** One slip makes the parser stumble several times over the same line. */
function firstOfEachLine(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter(
    (problem, index) => problems.findIndex(({ line }) => line === problem.line) === index,
  );
}
