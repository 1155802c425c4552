import type { Goal, Report, Table } from "./bench.ts";
import type { Machine } from "./machine.ts";
import type { Result } from "./rounds.ts";
import type { Spread } from "./statistics.ts";

/** A report as text; also what docs/performance.md shows. */
export function printReport(report: Report): string {
  return [...report.tables.map(printTable), printGoals(report.goals)].filter(Boolean).join("\n\n");
}

export function printMachine(machine: Machine): string {
  const { node, processor, cores, memoryGb, fileSystem, load } = machine;
  const size = `${cores} cores, ${memoryGb} GB`;
  return `Node ${node}, ${processor}, ${size}; ${fileSystem}; load before the run ${load}`;
}

function printTable({ title, reference, results, compared = [], remarks = [] }: Table): string {
  const keys = [...new Set(results.flatMap(({ figures }) => Object.keys(figures)))];
  const head = ["", ...keys, ...compared.map((key) => `${key} ÷ ${reference}`)];
  const rows = results.map((result) => [
    result.name,
    ...keys.map((key) => cell(result.figures[key])),
    ...compared.map((key) => ratioCell(result, key)),
  ]);
  return [`### ${title}`, "", ...grid([head, ...rows]), ...remarks.map((text) => `\n${text}`)].join(
    "\n",
  );
}

/** Median and range; one figure where all rounds gave the same. */
function cell(spread: Spread | undefined): string {
  if (!spread || Number.isNaN(spread.median)) return "–";
  const [median, min, max] = [spread.median, spread.min, spread.max].map(short);
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}

function ratioCell({ ratios }: Result, key: string): string {
  return cell(ratios[key]);
}

/** Three digits that count. */
function short(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(value < 0.01 ? 1 : 3)));
}

function grid(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...body] = rows;
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  const widths = head.map((_, column) =>
    Math.max(...[...rows, rule].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(rule), ...body.map(line)];
}

function printGoals(goals: readonly Goal[]): string {
  if (goals.length === 0) return "";
  const rows = goals.map(({ text, wanted, measured, reached }) => [
    ...[text, wanted, measured],
    reached ? "reached" : "**not reached**",
  ]);
  return ["### Goals", "", ...grid([["", "wanted", "measured", ""], ...rows])].join("\n");
}
