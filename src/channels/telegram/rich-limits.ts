import { assertNever } from "../../runtime/assert-never.ts";
import type { Block, Inline } from "../markdown-tree.ts";
import { plainWords } from "../render-markdown.ts";

/** What Telegram takes in one rich message. */
const MAX_BLOCKS = 500;
const MAX_DEPTH = 16;
const MAX_COLUMNS = 20;

interface Size {
  /** Blocks, items of lists and rows of tables. */
  readonly blocks: number;
  readonly depth: number;
  readonly columns: number;
}

/** Whether Telegram takes it as a rich message. */
export function fitsRichMessage(tree: readonly Block[]): boolean {
  const { blocks, depth, columns } = sizeOf(tree);
  // One block more may be the label.
  const fits = blocks < MAX_BLOCKS && depth <= MAX_DEPTH && columns <= MAX_COLUMNS;
  return fits && tree.some(hasWords);
}

/** Telegram refuses a message without any, such as a list of nothing. */
function hasWords(node: Block): boolean {
  switch (node.type) {
    case "paragraph":
    case "heading":
      return isSeen(plainWords(node.children));
    case "code":
    case "formula":
      return isSeen(node.value);
    case "blockquote":
      return node.children.some(hasWords);
    case "list":
      return node.items.some((item) => item.children.some(hasWords));
    case "table":
      return node.rows.flat().some((cell) => isSeen(plainWords(cell.children)));
    case "footnote":
      return true;
    case "thematicBreak":
      return false;
    default:
      return assertNever(node);
  }
}

const isSeen = (words: string): boolean => words.trim() !== "";

function sizeOf(nodes: readonly Block[]): Size {
  const sizes = nodes.map(sizeOfBlock);
  return {
    blocks: sizes.reduce((sum, { blocks }) => sum + blocks, 0),
    depth: Math.max(0, ...sizes.map(({ depth }) => depth)),
    columns: Math.max(0, ...sizes.map(({ columns }) => columns)),
  };
}

function sizeOfBlock(node: Block): Size {
  switch (node.type) {
    case "paragraph":
    case "heading":
      return { blocks: 1, depth: 1 + depthOf(node.children), columns: 0 };
    case "blockquote":
      return around(1, sizeOf(node.children));
    case "footnote":
      // Its first words may be a block of their own.
      return around(2, sizeOf(node.children));
    case "list":
      return around(1 + node.items.length, sizeOf(node.items.flatMap((item) => item.children)));
    case "table": {
      const columns = Math.max(0, ...node.rows.map((row) => row.length));
      const words = node.rows.flat().flatMap((cell) => cell.children);
      return { blocks: 1 + node.rows.length, depth: 1 + depthOf(words), columns };
    }
    default:
      return { blocks: 1, depth: 1, columns: 0 };
  }
}

const around = (more: number, { blocks, depth, columns }: Size): Size => ({
  blocks: blocks + more,
  depth: depth + 1,
  columns,
});

const depthOf = (nodes: readonly Inline[]): number =>
  Math.max(0, ...nodes.map((node) => ("children" in node ? 1 + depthOf(node.children) : 1)));
