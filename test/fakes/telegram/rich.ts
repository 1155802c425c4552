import { badRequest } from "./api-error.ts";

const MAX_TEXT = 32_768;
const MAX_BLOCKS = 500;
const MAX_DEPTH = 16;
const MAX_COLUMNS = 20;
/** Blocks and texts that hold others under these keys. */
const CHILDREN = ["blocks", "items", "cells", "text", "summary", "caption", "credit"];
const LEAVES: Readonly<Record<string, string>> = { mathematical_expression: "expression" };
const KNOWN = new Set(
  "paragraph heading pre footer divider mathematical_expression anchor list blockquote expandable_blockquote pullquote table details bold italic underline strikethrough spoiler subscript superscript marked code url email_address".split(
    " ",
  ),
);

/** Refuses what the real server would; returns the words of the message, a line a block. */
export function checkRichMessage(rich: unknown): string {
  if (typeof rich !== "object" || rich === null) throw badRequest("rich_message is empty");
  const forms = ["html", "markdown", "blocks"].filter((form) => form in rich);
  if (forms.length !== 1) throw badRequest("exactly one of html, markdown, blocks must be used");
  const counted = { blocks: 0 };
  const text =
    "blocks" in rich ? words(rich.blocks, 0, counted) : words(Object.values(rich)[0], 0, counted);
  if (text.trim() === "") throw badRequest("rich message is empty");
  if (text.length > MAX_TEXT) throw badRequest("rich message is too long");
  if (counted.blocks > MAX_BLOCKS) throw badRequest("rich message has too many blocks");
  return text.trim();
}

function words(node: unknown, depth: number, counted: { blocks: number }): string {
  if (typeof node === "string") return node;
  if (Array.isArray(node)) return list(node, depth, counted);
  if (typeof node !== "object" || node === null) return "";
  const type = "type" in node ? String(node.type) : "";
  checkNode(type, depth);
  const leaf = LEAVES[type];
  if (leaf) return String(Reflect.get(node, leaf) ?? "");
  const inside = KNOWN.has(type) ? depth + 1 : depth;
  return CHILDREN.filter((key) => key in node)
    .map((key) => words(Reflect.get(node, key), inside, counted))
    .join("\n");
}

/** Items of a numbered list have the kind of their number as type. */
function checkNode(type: string, depth: number): void {
  if (depth > MAX_DEPTH) throw badRequest("rich message is nested too deeply");
  if (type !== "" && !KNOWN.has(type) && !/^[aAiI1]$/.test(type)) {
    throw badRequest(`unsupported rich block "${type}"`);
  }
}

function list(nodes: readonly unknown[], depth: number, counted: { blocks: number }): string {
  if (nodes.every((node) => Array.isArray(node))) {
    if (nodes.some((row) => row.length > MAX_COLUMNS)) throw badRequest("table is too wide");
    counted.blocks += nodes.length;
    return nodes
      .map((row) => row.map((cell) => words(cell, depth, counted)).join(" | "))
      .join("\n");
  }
  const blocks = nodes.some((node) => typeof node === "object" && node !== null && isBlock(node));
  if (blocks) counted.blocks += nodes.length;
  return nodes.map((node) => words(node, depth, counted)).join(blocks ? "\n" : "");
}

const isBlock = (node: object): boolean =>
  "blocks" in node ||
  ("type" in node &&
    /^(paragraph|heading|pre|footer|divider|list|blockquote|table|details)$/.test(
      String(node.type),
    ));
