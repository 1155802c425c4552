import type { Table } from "./markdown-tree.ts";
import { parseMarkdown } from "./parse-markdown.ts";
import { tellingWords } from "./render-markdown.ts";
import { columnsOf, tableLines } from "./table-lines.ts";

/** A line like the one under a table's header. */
const MAY_HAVE_TABLE = /^[ \t]*[|:-][ \t|:-]*$/m;

/**
 * Markdown for those who show no tables: each becomes a code block with its columns under each other, or, if that would
 * be wider than `maxColumns`, a list of its rows. Everything else stays as it is, tables inside of quotes and lists too.
 */
export function replaceTables(source: string, maxColumns: number): string {
  const tree = MAY_HAVE_TABLE.test(source) ? parseMarkdown(source) : undefined;
  const tables = tree?.filter((node) => node.type === "table") ?? [];
  if (tables.length === 0) return source;
  // With their ends.
  const lines = source.split(/(?<=\n|\r(?!\n))/);
  let shown = "";
  let from = 0;
  for (const table of tables) {
    const [start, end] = table.lines;
    const [lineEnd] = /[\r\n]*$/.exec(lines[end - 1] ?? "") ?? [];
    shown += lines.slice(from, start).join("") + showTable(table, maxColumns) + (lineEnd ?? "");
    from = end;
  }
  return shown + lines.slice(from).join("");
}

function showTable(table: Table, maxColumns: number): string {
  const lines = tableLines(table, tellingWords);
  const fits = lines.every((line) => columnsOf(line) <= maxColumns);
  // A fence in a cell would end the block.
  if (fits && !lines.some((line) => line.includes("```"))) {
    return ["```", ...lines, "```"].join("\n");
  }
  return listRows(table);
}

/** One item a row, one line a cell, with the heading of its column before it. */
function listRows({ rows: [header = [], ...rows] }: Table): string {
  const headings = header.map((cell) => oneLine(tellingWords(cell)).replace(/[\\*_`~]/g, "\\$&"));
  if (rows.length === 0)
    return headings
      .filter((heading) => heading !== "")
      .map((heading) => `- ${heading}`)
      .join("\n");
  return rows
    .map((cells) => {
      const lines = cells.map(({ source }, column) => {
        const heading = headings[column] ?? "";
        const text = oneLine(source) || "–";
        return heading === "" ? text : `**${heading}**: ${text}`;
      });
      return `- ${lines.join("\n  ")}`;
    })
    .join("\n");
}

const oneLine = (text: string) => text.replace(/\s+/g, " ").trim();
