import { assertNever } from "../runtime/assert-never.ts";
import type { Block, Inline, List, ListItem, TableCell } from "./markdown-tree.ts";
import { layOut, type Piece, type Rendered } from "./styled-text.ts";
import { tableLines } from "./table-lines.ts";

/** Markdown as text and the styles of its ranges, which nobody can misread. What styles cannot show is shown in words. */
export function renderMarkdown(tree: readonly Block[]): Rendered {
  return layOut(blocks(tree, "\n\n"));
}

/** The words of inline Markdown, without any style. */
export function plainWords(nodes: readonly Inline[]): string {
  return layOut(inline(nodes)).text;
}

/** The words of a cell, with the targets of links behind their words. */
export function tellingWords({ children }: TableCell): string {
  const { text, entities } = layOut(inline(children));
  return entities.reduceRight((words, entity) => {
    if (entity.type !== "text_link") return words;
    const end = entity.offset + entity.length;
    return `${words.slice(0, end)} (${entity.url})${words.slice(end)}`;
  }, text);
}

/** Addresses that may be links; anything else is shown in words. */
export const isOpenable = (url: string): boolean =>
  /^(?:https?|tg):\/\/\S/i.test(url) && URL.canParse(url);

/** Whether the words of a link tell its target already. */
export const tellsTarget = (words: string, url: string): boolean =>
  [url, url.replace(/^mailto:/i, ""), url.replace(/^https?:\/\//i, "")].includes(words);

function blocks(nodes: readonly Block[], separator: string): Piece {
  return nodes.map((node, i) => [i > 0 ? separator : "", block(node)]);
}

function block(node: Block): Piece {
  switch (node.type) {
    case "paragraph":
      return inline(node.children);
    case "heading":
      return { style: { type: "bold" }, inside: inline(node.children) };
    case "formula":
      return { style: { type: "pre" }, inside: { raw: node.value } };
    case "code": {
      const language = node.language === "" ? {} : { language: node.language };
      return { style: { type: "pre", ...language }, inside: { raw: node.value } };
    }
    case "blockquote":
      return { style: { type: "blockquote" }, inside: blocks(node.children, "\n\n") };
    case "list":
      return node.items.map((item, i) => listItem(node, item, i));
    case "table": {
      const lines = tableLines(node, tellingWords);
      return { style: { type: "pre" }, inside: { raw: lines.join("\n") } };
    }
    case "thematicBreak":
      return "———";
    case "footnote":
      return [`[${node.label}] `, blocks(node.children, "\n")];
    default:
      return assertNever(node);
  }
}

function listItem(list: List, item: ListItem, index: number): Piece {
  const separator = list.spread ? "\n\n" : "\n";
  return [
    index > 0 ? separator : "",
    marker(list, item, index),
    { indent: "  ", inside: blocks(item.children, "\n") },
  ];
}

function marker({ numbers }: List, { checked }: ListItem, index: number): string {
  const box = checked ? "☑ " : "☐ ";
  const task = checked === undefined ? "" : box;
  if (!numbers) return task || "• ";
  return `${numbers.start + index}${numbers.delimiter} ${task}`;
}

function inline(nodes: readonly Inline[]): Piece {
  return nodes.map(phrase);
}

function phrase(node: Inline): Piece {
  switch (node.type) {
    case "text":
      return node.value;
    case "strong":
      return { style: { type: "bold" }, inside: inline(node.children) };
    case "emphasis":
      return { style: { type: "italic" }, inside: inline(node.children) };
    case "delete":
      return { style: { type: "strikethrough" }, inside: inline(node.children) };
    case "inlineCode":
      return { style: { type: "code" }, inside: node.value };
    case "link":
      return link(node.url, inline(node.children));
    default:
      return assertNever(node);
  }
}

function link(url: string, label: Piece): Piece {
  const words = layOut(label).text;
  if (words === "") return url;
  if (url === "" || tellsTarget(words, url)) return label;
  if (isOpenable(url)) return { style: { type: "text_link", url }, inside: label };
  return [label, ` (${url.replace(/^mailto:/i, "")})`];
}
