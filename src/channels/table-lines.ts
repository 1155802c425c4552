import type { Align, Table, TableCell } from "./markdown-tree.ts";

/** A table in a fixed-width font: one line a row, columns under each other. */
export function tableLines(table: Table, wordsOf: (cell: TableCell) => string): readonly string[] {
  const rows = table.rows.map((row) =>
    row.map((cell) => wordsOf(cell).replace(/\s+/g, " ").trim()),
  );
  const columns = Math.max(...rows.map((row) => row.length), 0);
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(1, ...rows.map((row) => columnsOf(row[column] ?? ""))),
  );
  const lines = rows.map((row) =>
    widths
      .map((width, column) => padded(row[column] ?? "", width, table.align[column]))
      .join(" | ")
      .trimEnd(),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("-+-");
  return [...lines.slice(0, 1), rule, ...lines.slice(1)];
}

function padded(text: string, width: number, align: Align): string {
  const space = " ".repeat(Math.max(0, width - columnsOf(text)));
  return align === "right" ? space + text : text + space;
}

const WIDE =
  /[\p{Extended_Pictographic}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u;
const NO_WIDTH = /\p{Mark}|[\u200b-\u200f]/u;

/** How many columns of a fixed-width font the text takes. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return [...text].reduce((sum, symbol) => {
    if (NO_WIDTH.test(symbol)) return sum;
    return sum + (WIDE.test(symbol) && symbol > "\u00ff" ? 2 : 1);
  }, 0);
}
