import { isMap, LineCounter, parseDocument } from "yaml";

/**
 * A Markdown file that begins with settings: `---`, a YAML mapping, `---`, then the body. A file that does not begin
 * with `---`, or in which the second `---` is missing, is all body.
 */
export type FrontMatterResult =
  | { readonly kind: "parsed"; readonly frontMatter: FrontMatter }
  /** The YAML is wrong. `line` counts from 1 in the whole file. */
  | { readonly kind: "broken"; readonly line: number; readonly message: string };

export interface FrontMatter {
  readonly values: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** The line in the whole file, counted from 1, on which a key stands; that of the nearest key above it if it is missing. */
  lineOf(path: readonly PropertyKey[]): number;
}

/** The lines between the marks, with their last newline; windows line ends and a byte order mark are fine. */
const FRONT_MATTER = /^\uFEFF?---\r?\n([\s\S]*?)(?<=\n)---(?:\r?\n|$)/;

export function parseFrontMatter(text: string): FrontMatterResult {
  const match = FRONT_MATTER.exec(text);
  if (!match) {
    const frontMatter = { values: {}, body: text, lineOf: () => 1 };
    return { kind: "parsed", frontMatter };
  }
  return parseYaml(match[1] ?? "", text.slice(match[0].length));
}

/** The YAML begins on line 2. */
const FIRST_LINE = 2;

function parseYaml(yaml: string, body: string): FrontMatterResult {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number) => Math.max(lines.linePos(offset).line, 1) + FIRST_LINE - 1;
  const [error] = document.errors;
  if (error) return { kind: "broken", line: lineAt(error.pos[0]), message: error.message };
  const root = document.contents;
  if (root === null) {
    return { kind: "parsed", frontMatter: { values: {}, body, lineOf: () => FIRST_LINE } };
  }
  if (!isMap(root)) {
    const message = 'the part between the "---" lines must have the form "key: value"';
    return { kind: "broken", line: FIRST_LINE, message };
  }
  const offsetOf = (path: readonly PropertyKey[]) => findKey(root, path) ?? 0;
  try {
    const values: Record<string, unknown> = document.toJS();
    const lineOf = (path: readonly PropertyKey[]) => lineAt(offsetOf(path));
    return { kind: "parsed", frontMatter: { values, body, lineOf } };
  } catch (thrown) {
    // An alias without its anchor, or aliases that multiply without end.
    return { kind: "broken", line: FIRST_LINE, message: String(thrown) };
  }
}

/** Where the last key of the path that exists begins. */
function findKey(root: unknown, path: readonly PropertyKey[]): number | undefined {
  let offset: number | undefined;
  let node: unknown = root;
  for (const key of path) {
    if (!isMap(node)) return offset;
    const pair = node.items.find((item) => String(item.key) === String(key));
    if (!pair) return offset;
    offset = rangeStart(pair.key) ?? offset;
    node = pair.value;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  return Array.isArray(node.range) && typeof node.range[0] === "number" ? node.range[0] : undefined;
}
