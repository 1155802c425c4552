import type { InputRichBlock, RichText } from "grammy/types";
import { assertNever } from "../../runtime/assert-never.ts";
import type { Block, Inline, List, ListItem, Table } from "../markdown-tree.ts";
import { isOpenable, plainWords, tellsTarget } from "../render-markdown.ts";

/** Whether the Markdown has a structure that text with entities shows badly: tables, formulas, outlines, nested lists. */
export function needsRichMessage(tree: readonly Block[]): boolean {
  const headings = tree.filter((node) => node.type === "heading").length;
  return headings > 1 || tree.some(isStructure);
}

function isStructure(node: Block): boolean {
  if (node.type === "table" || node.type === "formula") return true;
  if (node.type === "list") {
    return node.items.some((item) =>
      item.children.some((child) => child.type === "list" || isStructure(child)),
    );
  }
  return node.type === "blockquote" && node.children.some(isStructure);
}

/** Markdown as blocks: nothing in it can be misread, and raw HTML stays words. */
export function richBlocks(tree: readonly Block[]): InputRichBlock[] {
  return tree.map(blockOf);
}

function blockOf(node: Block): InputRichBlock {
  switch (node.type) {
    case "paragraph":
      return { type: "paragraph", text: inlineOf(node.children) };
    case "heading":
      return { type: "heading", size: node.depth, text: inlineOf(node.children) };
    case "formula":
      return { type: "mathematical_expression", expression: node.value };
    case "code": {
      const language = node.language === "" ? {} : { language: node.language };
      return { type: "pre", text: node.value, ...language };
    }
    case "blockquote":
      return { type: "blockquote", blocks: richBlocks(node.children) };
    case "list":
      return { type: "list", items: node.items.map((item, i) => itemOf(node, item, i)) };
    case "table":
      return { type: "table", cells: cellsOf(node), is_bordered: true };
    case "thematicBreak":
      return { type: "divider" };
    case "footnote":
      return footnoteOf(node.label, node.children);
    default:
      return assertNever(node);
  }
}

/** There is no such block; its label is put before its first words. */
function footnoteOf(label: string, [first, ...rest]: readonly Block[]): InputRichBlock {
  const head = `[${label}] `;
  const beginning = first?.type === "paragraph" ? inlineOf(first.children) : "";
  const others = first && first.type !== "paragraph" ? [first, ...rest] : rest;
  const text = [head, beginning];
  return others.length === 0
    ? { type: "paragraph", text }
    : { type: "blockquote", blocks: [{ type: "paragraph", text }, ...richBlocks(others)] };
}

function itemOf({ numbers }: List, { checked, children }: ListItem, i: number) {
  return {
    blocks: richBlocks(children),
    ...(numbers ? { type: "1" as const, value: numbers.start + i } : {}),
    ...(checked === undefined ? {} : { has_checkbox: true as const }),
    ...(checked ? { is_checked: true as const } : {}),
  };
}

function cellsOf(table: Table) {
  return table.rows.map((row, i) =>
    row.map((cell, column) => ({
      text: inlineOf(cell.children),
      align: table.align[column] ?? ("left" as const),
      valign: "top" as const,
      ...(i === 0 ? { is_header: true as const } : {}),
    })),
  );
}

function inlineOf(nodes: readonly Inline[]): RichText {
  return nodes.map(richText);
}

function richText(node: Inline): RichText {
  switch (node.type) {
    case "text":
      return node.value;
    case "strong":
      return { type: "bold", text: inlineOf(node.children) };
    case "emphasis":
      return { type: "italic", text: inlineOf(node.children) };
    case "delete":
      return { type: "strikethrough", text: inlineOf(node.children) };
    case "inlineCode":
      return { type: "code", text: node.value };
    case "link":
      return linkOf(node.url, inlineOf(node.children), plainWords(node.children));
    default:
      return assertNever(node);
  }
}

function linkOf(url: string, text: RichText, words: string): RichText {
  if (words === "" || tellsTarget(words, url)) return words || url;
  if (isOpenable(url)) return { type: "url", text, url };
  const address = /^mailto:(.+)$/i.exec(url)?.[1];
  if (address) return { type: "email_address", text, email_address: address };
  return [text, ` (${url})`];
}
