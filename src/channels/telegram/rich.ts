import type { InputRichBlock, RichText } from "grammy/types";
import type { List, ListItem, Nodes, PhrasingContent, Root, Table } from "mdast";
import {
  formulaOf,
  isOpenable,
  type ParsedMarkdown,
  sourceOf,
  tellsTarget,
} from "../parse-markdown.ts";
import { plainWords } from "../render-markdown.ts";

/** Whether the Markdown has a structure that text with entities shows badly: tables, formulas, outlines, nested lists. */
export function needsRichMessage({ root, source }: ParsedMarkdown): boolean {
  const headings = root.children.filter((node) => node.type === "heading").length;
  return headings > 1 || root.children.some((node) => isStructure(node, source));
}

function isStructure(node: Nodes, source: string): boolean {
  if (node.type === "table" || formulaOf(node, source) !== undefined) return true;
  if (node.type === "list") {
    return node.children.some((item) =>
      item.children.some((child) => child.type === "list" || isStructure(child, source)),
    );
  }
  return node.type === "blockquote" && node.children.some((child) => isStructure(child, source));
}

/** Markdown as blocks: nothing in it can be misread, and raw HTML stays words. */
export function richBlocks(parsed: ParsedMarkdown): InputRichBlock[] {
  return blocksOf(parsed.root.children, parsed);
}

function blocksOf(nodes: readonly Block[], parsed: ParsedMarkdown): InputRichBlock[] {
  return nodes.filter((node) => node.type !== "definition").map((node) => blockOf(node, parsed));
}

type Block = Root["children"][number] | ListItem["children"][number];

function blockOf(node: Block, parsed: ParsedMarkdown): InputRichBlock {
  const formula = formulaOf(node, parsed.source);
  if (formula !== undefined) return { type: "mathematical_expression", expression: formula };
  switch (node.type) {
    case "paragraph":
      return { type: "paragraph", text: inlineOf(node.children, parsed) };
    case "heading":
      return { type: "heading", size: node.depth, text: inlineOf(node.children, parsed) };
    case "code":
      return { type: "pre", text: node.value, ...(node.lang ? { language: node.lang } : {}) };
    case "blockquote":
      return { type: "blockquote", blocks: blocksOf(node.children, parsed) };
    case "list":
      return {
        type: "list",
        items: node.children.map((item, i) => itemOf(node, item, { i, parsed })),
      };
    case "table":
      return { type: "table", cells: cellsOf(node, parsed), is_bordered: true };
    case "thematicBreak":
      return { type: "divider" };
    case "footnoteDefinition":
      return footnoteOf(node, parsed);
    case "html":
      return { type: "paragraph", text: node.value };
    default:
      return { type: "paragraph", text: sourceOf(node, parsed.source) };
  }
}

function footnoteOf(
  node: Extract<Block, { type: "footnoteDefinition" }>,
  parsed: ParsedMarkdown,
): InputRichBlock {
  const words = node.children.map((child) =>
    child.type === "paragraph" ? inlineOf(child.children, parsed) : sourceOf(child, parsed.source),
  );
  return { type: "paragraph", text: [`[${node.label ?? node.identifier}] `, ...words] };
}

function itemOf(list: List, item: ListItem, { i, parsed }: { i: number; parsed: ParsedMarkdown }) {
  const numbered = { type: "1" as const, value: (list.start ?? 1) + i };
  return {
    blocks: blocksOf(item.children, parsed),
    ...(list.ordered ? numbered : {}),
    ...(typeof item.checked === "boolean" ? { has_checkbox: true as const } : {}),
    ...(item.checked ? { is_checked: true as const } : {}),
  };
}

function cellsOf(table: Table, parsed: ParsedMarkdown) {
  return table.children.map((row, i) =>
    row.children.map((cell, column) => ({
      text: inlineOf(cell.children, parsed),
      align: table.align?.[column] ?? ("left" as const),
      valign: "top" as const,
      ...(i === 0 ? { is_header: true as const } : {}),
    })),
  );
}

function inlineOf(nodes: readonly PhrasingContent[], parsed: ParsedMarkdown): RichText {
  return nodes.map((node) => richText(node, parsed));
}

function richText(node: PhrasingContent, parsed: ParsedMarkdown): RichText {
  switch (node.type) {
    case "text":
    case "html":
      return node.value;
    case "strong":
      return { type: "bold", text: inlineOf(node.children, parsed) };
    case "emphasis":
      return { type: "italic", text: inlineOf(node.children, parsed) };
    case "delete":
      return { type: "strikethrough", text: inlineOf(node.children, parsed) };
    case "inlineCode":
      return { type: "code", text: node.value };
    case "link":
      return linkOf(node.url, inlineOf(node.children, parsed), plainWords(node.children, parsed));
    default:
      return plainWords([node], parsed);
  }
}

function linkOf(url: string, text: RichText, words: string): RichText {
  if (words === "" || tellsTarget(words, url)) return words || url;
  if (isOpenable(url)) return { type: "url", text, url };
  const address = /^mailto:(.+)$/i.exec(url)?.[1];
  if (address) return { type: "email_address", text, email_address: address };
  return [text, ` (${url})`];
}
