import type { Definition, Nodes, Paragraph, Root } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";

export interface ParsedMarkdown {
  readonly source: string;
  readonly root: Root;
  /** Targets of `[text][name]` links, by name. */
  readonly definitions: ReadonlyMap<string, string>;
}

const processor = unified().use(remarkParse).use(remarkGfm).freeze();

/** Deeper nesting than a person reads; parsing it takes seconds. */
const TOO_DEEP = /^[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]*){40}/m;

/** Characters that can mean something anywhere in a line: such a text is left to the parser. */
const MARKED = /[\\`*_~[\]<>&|$@\t\r\0]|:\/\/|www\./i;
/** Beginnings and ends of lines that can mean something. */
const MARKED_LINE = /^(?:[ #+=-]|\d+[.)])| $/m;

/** The tree of a text without any Markdown, as most short answers are; the parser takes a hundred times longer. */
function plainTree(source: string): Root | undefined {
  if (MARKED.test(source) || MARKED_LINE.test(source)) return undefined;
  const texts = source.split(/\n{2,}/).map((text) => text.replace(/^\n|\n$/g, ""));
  const children = texts
    .filter((text) => text !== "")
    .map((value): Paragraph => ({ type: "paragraph", children: [{ type: "text", value }] }));
  return { type: "root", children };
}

/** GitHub's Markdown as a tree. Undefined where formatting is not worth it: the text is shown as it is. */
export function parseMarkdown(source: string): ParsedMarkdown | undefined {
  if (TOO_DEEP.test(source)) return undefined;
  const root = plainTree(source) ?? processor.parse(source);
  const definitions = root.children
    .filter((node): node is Definition => node.type === "definition")
    .map((node): [string, string] => [node.identifier, node.url]);
  return { source, root, definitions: new Map(definitions) };
}

/** The Markdown that a node was made of. */
export function sourceOf(node: Nodes, source: string): string {
  const { start, end } = node.position ?? {};
  return source.slice(start?.offset ?? 0, end?.offset ?? 0);
}

/** The formula of a block that is nothing but `$$ … $$` or a code block in "math"; undefined for any other. */
export function formulaOf(node: Nodes, source: string): string | undefined {
  if (node.type === "code") return node.lang === "math" ? node.value : undefined;
  if (node.type !== "paragraph") return undefined;
  return /^\$\$([^$]+)\$\$$/.exec(sourceOf(node, source).trim())?.[1]?.trim();
}

/** Addresses that may be links; anything else is shown in words. */
export const isOpenable = (url: string): boolean =>
  /^(?:https?|tg):\/\/\S/i.test(url) && URL.canParse(url);

/** Whether the words of a link tell its target already. */
export const tellsTarget = (words: string, url: string): boolean =>
  [url, url.replace(/^mailto:/i, ""), url.replace(/^https?:\/\//i, "")].includes(words);
