import type { List, ListItem, PhrasingContent, Root } from "mdast";
import {
  formulaOf,
  isOpenable,
  type ParsedMarkdown,
  sourceOf,
  tellsTarget,
} from "./parse-markdown.ts";
import { layOut, type Piece, type Rendered } from "./styled-text.ts";
import { tableLines } from "./table-lines.ts";

/** Markdown as text and the styles of its ranges, which nobody can misread. What styles cannot show is shown in words. */
export function renderMarkdown(parsed: ParsedMarkdown): Rendered {
  return layOut(blocks(parsed.root.children, parsed, "\n\n"));
}

/** The words of inline Markdown, without any style. */
export function plainWords(nodes: readonly PhrasingContent[], parsed: ParsedMarkdown): string {
  return layOut(inline(nodes, parsed)).text;
}

/** The same, with the targets of links behind their words. */
export function tellingWords(nodes: readonly PhrasingContent[], parsed: ParsedMarkdown): string {
  const { text, entities } = layOut(inline(nodes, parsed));
  return entities.reduceRight((words, entity) => {
    if (entity.type !== "text_link") return words;
    const end = entity.offset + entity.length;
    return `${words.slice(0, end)} (${entity.url})${words.slice(end)}`;
  }, text);
}

type Block = Root["children"][number] | ListItem["children"][number];

function blocks(nodes: readonly Block[], parsed: ParsedMarkdown, separator: string): Piece {
  return nodes
    .filter((node) => node.type !== "definition")
    .map((node, i) => [i > 0 ? separator : "", block(node, parsed)]);
}

function block(node: Block, parsed: ParsedMarkdown): Piece {
  const formula = formulaOf(node, parsed.source);
  if (formula !== undefined) return { style: { type: "pre" }, inside: { raw: formula } };
  switch (node.type) {
    case "paragraph":
      return inline(node.children, parsed);
    case "heading":
      return { style: { type: "bold" }, inside: inline(node.children, parsed) };
    case "code": {
      const language = node.lang ? { language: node.lang } : {};
      return { style: { type: "pre", ...language }, inside: { raw: node.value } };
    }
    case "blockquote":
      return { style: { type: "blockquote" }, inside: blocks(node.children, parsed, "\n\n") };
    case "list":
      return node.children.map((item, i) => listItem({ list: node, item, index: i, parsed }));
    case "table": {
      const lines = tableLines(node, (cell) => tellingWords(cell.children, parsed));
      return { style: { type: "pre" }, inside: { raw: lines.join("\n") } };
    }
    case "thematicBreak":
      return "———";
    case "footnoteDefinition":
      return [`[${node.label ?? node.identifier}] `, blocks(node.children, parsed, "\n")];
    case "html":
      return node.value;
    default:
      return sourceOf(node, parsed.source);
  }
}

interface ListedItem {
  readonly list: List;
  readonly item: ListItem;
  readonly index: number;
  readonly parsed: ParsedMarkdown;
}

function listItem(listed: ListedItem): Piece {
  const { list, item, index, parsed } = listed;
  const separator = list.spread ? "\n\n" : "\n";
  return [
    index > 0 ? separator : "",
    marker(listed),
    { indent: "  ", inside: blocks(item.children, parsed, "\n") },
  ];
}

function marker({ list, item, index, parsed }: ListedItem): string {
  const box = item.checked ? "☑ " : "☐ ";
  const task = typeof item.checked === "boolean" ? box : "";
  if (!list.ordered) return task || "• ";
  const delimiter = /^\d+(\))/.exec(sourceOf(item, parsed.source))?.[1] ?? ".";
  return `${(list.start ?? 1) + index}${delimiter} ${task}`;
}

function inline(nodes: readonly PhrasingContent[], parsed: ParsedMarkdown): Piece {
  return nodes.map((node) => phrase(node, parsed));
}

function phrase(node: PhrasingContent, parsed: ParsedMarkdown): Piece {
  const { definitions, source } = parsed;
  switch (node.type) {
    case "text":
    case "html":
      return node.value;
    case "strong":
      return { style: { type: "bold" }, inside: inline(node.children, parsed) };
    case "emphasis":
      return { style: { type: "italic" }, inside: inline(node.children, parsed) };
    case "delete":
      return { style: { type: "strikethrough" }, inside: inline(node.children, parsed) };
    case "inlineCode":
      return { style: { type: "code" }, inside: node.value };
    case "break":
      return "\n";
    case "link":
      return link(node.url, inline(node.children, parsed));
    case "linkReference": {
      const url = definitions.get(node.identifier);
      return url === undefined ? sourceOf(node, source) : link(url, inline(node.children, parsed));
    }
    case "image":
      return link(node.url, node.alt ?? "");
    case "imageReference":
      return link(definitions.get(node.identifier) ?? "", node.alt ?? "");
    case "footnoteReference":
      return `[${node.label ?? node.identifier}]`;
    default:
      return sourceOf(node, source);
  }
}

function link(url: string, label: Piece): Piece {
  const words = layOut(label).text;
  if (words === "") return url;
  if (url === "" || tellsTarget(words, url)) return label;
  if (isOpenable(url)) return { style: { type: "text_link", url }, inside: label };
  return [label, ` (${url.replace(/^mailto:/i, "")})`];
}
