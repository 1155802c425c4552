import type { Table, TableCell } from "mdast";
import { type ParsedMarkdown, parseMarkdown } from "./parse-markdown.ts";
import { tellingWords } from "./render-markdown.ts";
import { columnsOf, tableLines } from "./table-lines.ts";

/** The line under a table's header. */
const MAY_HAVE_TABLE = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/m;

/**
 * Markdown for those who show no tables: each becomes a code block with its columns under each other, or, if that would
 * be wider than `maxColumns`, a list of its rows. Everything else stays as it is, tables inside of quotes and lists too.
 */
export function replaceTables(source: string, maxColumns: number): string {
  const parsed = MAY_HAVE_TABLE.test(source) ? parseMarkdown(source) : undefined;
  if (!parsed) return source;
  let shown = "";
  let from = 0;
  for (const node of parsed.root.children) {
    if (node.type !== "table") continue;
    const start = node.position?.start.offset ?? 0;
    shown += source.slice(from, start) + showTable(node, parsed, maxColumns);
    from = node.position?.end.offset ?? start;
  }
  return shown + source.slice(from);
}

function showTable(table: Table, parsed: ParsedMarkdown, maxColumns: number): string {
  const lines = tableLines(table, (cell) => tellingWords(cell.children, parsed));
  const fits = lines.every((line) => columnsOf(line) <= maxColumns);
  // A fence in a cell would end the block.
  if (fits && !lines.some((line) => line.includes("```"))) {
    return ["```", ...lines, "```"].join("\n");
  }
  return listRows(table, parsed);
}

/** One item a row, one line a cell, with the heading of its column before it. */
function listRows({ children: [header, ...rows] }: Table, parsed: ParsedMarkdown): string {
  const words = (cell: TableCell) => oneLine(tellingWords(cell.children, parsed));
  const headings = (header?.children ?? []).map((cell) => words(cell).replace(/[\\*_`~]/g, "\\$&"));
  if (rows.length === 0)
    return headings
      .filter((heading) => heading !== "")
      .map((heading) => `- ${heading}`)
      .join("\n");
  return rows
    .map(({ children }) => {
      const lines = headings.map((heading, column) => {
        const cell = children[column];
        const text = (cell && oneLine(cellSource(cell, parsed))) || "–";
        return heading === "" ? text : `**${heading}**: ${text}`;
      });
      return `- ${lines.join("\n  ")}`;
    })
    .join("\n");
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();

/** The Markdown in a cell, without the bars around it. */
function cellSource({ children }: TableCell, { source }: ParsedMarkdown): string {
  const [first] = children;
  const last = children.at(-1);
  if (!first || !last) return "";
  return source.slice(first.position?.start.offset ?? 0, last.position?.end.offset ?? 0);
}
