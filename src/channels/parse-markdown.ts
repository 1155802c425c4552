import { type Branch, branchesOf, tokensOf, unescaped } from "./markdown-tokens.ts";
import type {
  Align,
  Block,
  HeadingDepth,
  Inline,
  List,
  ListItem,
  Table,
  TableCell,
} from "./markdown-tree.ts";

/** GitHub's Markdown as a tree. Undefined where formatting is not worth it: the text is shown as it is. */
export function parseMarkdown(source: string): readonly Block[] | undefined {
  return tokensOf(source)?.map(block);
}

function block({ token, inside }: Branch): Block {
  switch (token.type) {
    case "paragraph_open":
      return paragraph(inside);
    case "heading_open":
      return { type: "heading", depth: DEPTHS[token.tag] ?? 6, children: inlineOf(inside) };
    case "code_block":
    case "fence":
      return code(unescaped(token.info), token.content.replace(/\n$/, ""));
    case "blockquote_open":
      return { type: "blockquote", children: inside.map(block) };
    case "bullet_list_open":
    case "ordered_list_open":
      return list({ token, inside });
    case "table_open":
      return table({ token, inside });
    case "hr":
      return { type: "thematicBreak" };
    case "footnote_reference_open":
      return { type: "footnote", label: labelOf(token), children: inside.map(block) };
    default:
      return { type: "paragraph", children: [{ type: "text", value: token.content.trimEnd() }] };
  }
}

const DEPTHS: Readonly<Record<string, HeadingDepth>> = { h1: 1, h2: 2, h3: 3, h4: 4, h5: 5, h6: 6 };

const labelOf = ({ meta }: Branch["token"]): string => String(meta?.["label"]);

/** A paragraph that is nothing but `$$ … $$` is a formula. */
function paragraph(inside: readonly Branch[]): Block {
  const formula = /^\$\$([^$]+)\$\$$/.exec(sourceOf(inside))?.[1]?.trim();
  return formula === undefined
    ? { type: "paragraph", children: inlineOf(inside) }
    : { type: "formula", value: formula };
}

function code(info: string, value: string): Block {
  const [language = ""] = info.trim().split(/\s/);
  return language === "math" ? { type: "formula", value } : { type: "code", language, value };
}

function list({ token, inside }: Branch): List {
  const [first] = inside;
  const start = Number(first?.token.info);
  return {
    type: "list",
    numbers: token.type === "ordered_list_open" ? { start, delimiter: token.markup } : undefined,
    // The paragraphs of other lists are "hidden".
    spread: inside.some((item) =>
      item.inside.some((child) => child.token.type === "paragraph_open" && !child.token.hidden),
    ),
    items: inside.map(listItem),
  };
}

function listItem({ token, inside }: Branch): ListItem {
  const checked = token.meta?.["checked"];
  return {
    checked: typeof checked === "boolean" ? checked : undefined,
    children: inside.map(block),
  };
}

function table({ token, inside }: Branch): Table {
  const rows = inside.flatMap((part) => part.inside);
  const [from, to] = token.map ?? [0, 0];
  return {
    type: "table",
    align: rows[0]?.inside.map(({ token: cell }) => alignOf(cell.attrGet("style"))) ?? [],
    rows: rows.map(tableRow),
    lines: [from, to],
  };
}

const ALIGN = /left|center|right/;
const alignOf = (style: string | number | null): Align => {
  const [align] = ALIGN.exec(String(style)) ?? [];
  return align === "left" || align === "center" || align === "right" ? align : undefined;
};

const tableRow = ({ inside }: Branch): readonly TableCell[] =>
  inside.map((cell) => ({ children: inlineOf(cell.inside), source: sourceOf(cell.inside) }));

/** The Markdown of a block's words, without the signs of the blocks around it. */
const sourceOf = (inside: readonly Branch[]): string => inside[0]?.token.content.trim() ?? "";

const inlineOf = (inside: readonly Branch[]): readonly Inline[] =>
  inlines(branchesOf(inside[0]?.token.children ?? []), false);

function inlines(branches: readonly Branch[], inLink: boolean): readonly Inline[] {
  const found: Inline[] = [];
  for (const node of branches.map((branch) => inline(branch, inLink))) {
    const last = found.at(-1);
    if (node.type === "text" && last?.type === "text") {
      found[found.length - 1] = { type: "text", value: last.value + node.value };
    } else if (node.type !== "text" || node.value !== "") found.push(node);
  }
  return found;
}

function inline({ token, inside }: Branch, inLink: boolean): Inline {
  switch (token.type) {
    case "strong_open":
      return { type: "strong", children: inlines(inside, inLink) };
    case "em_open":
      return { type: "emphasis", children: inlines(inside, inLink) };
    case "s_open":
      return { type: "delete", children: inlines(inside, inLink) };
    case "code_inline":
      return { type: "inlineCode", value: token.content };
    case "softbreak":
    case "hardbreak":
      return { type: "text", value: "\n" };
    case "link_open":
      return { type: "link", url: targetOf(token, "href"), children: inlines(inside, true) };
    case "image": {
      const words: Inline = { type: "text", value: altOf(token) };
      return inLink ? words : { type: "link", url: targetOf(token, "src"), children: [words] };
    }
    case "footnote_ref":
      return { type: "text", value: `[${labelOf(token)}]` };
    default:
      return { type: "text", value: token.content };
  }
}

const targetOf = (token: Branch["token"], name: string): string =>
  String(token.attrGet(name) ?? "");

function altOf(image: Branch["token"]): string {
  const words = (image.children ?? []).map((token) => {
    if (token.type === "image") return altOf(token);
    return /break$/.test(token.type) ? "\n" : token.content;
  });
  return words.join("");
}
