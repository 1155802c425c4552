import type { Definition, Nodes, Root } from "mdast";
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

/** GitHub's Markdown as a tree. Undefined where formatting is not worth it: the text is shown as it is. */
export function parseMarkdown(source: string): ParsedMarkdown | undefined {
  if (TOO_DEEP.test(source)) return undefined;
  const root = processor.parse(source);
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
