import type { Table } from "./bench.ts";

/** What a chart shows: one figure of a table's rows as bars. */
interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

const WIDTH = 760;
const LABEL = 250;
const VALUE = 90;
const ROW = 22;
const HEAD = 34;
const OWN = "#2f6f9f";
const OTHER = "#b9c4cc";

/** Bars with their medians, and lines from the lowest to the highest round. */
export function drawChart(tables: readonly Table[]): string {
  const panels = tables.flatMap(panelsOf);
  const heights = panels.map(({ bars }) => HEAD + bars.length * ROW + 12);
  const height = heights.reduce((sum, each) => sum + each, 0);
  let top = 0;
  const body = panels.map((panel, index) => {
    const drawn = drawPanel(panel, top);
    top += heights[index] ?? 0;
    return drawn;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

/** The figures that say most, for the tables that have one. */
const SHOWN: readonly (readonly [title: RegExp, figure: string])[] = [
  [/^Outbox/, "events/s"],
  [/burst, 20 chats$/, "messages/s"],
  [/^End to end: \d+ messages a second/, "p50 ms"],
  [/^Start/, "ready ms"],
  [/^Idle/, "RSS MB"],
  [/^Growth/, "CPU ms"],
  [/^Recovery/, "first sent ms"],
];

function panelsOf({ title, results }: Table): Panel[] {
  return SHOWN.filter(([pattern]) => pattern.test(title)).map(([, figure]) => ({
    title: `${title} (${figure})`,
    bars: results.flatMap(({ name, figures }) => {
      const spread = figures[figure];
      return spread ? [{ name, value: spread.median, min: spread.min, max: spread.max }] : [];
    }),
  }));
}

function drawPanel({ title, bars }: Panel, top: number): string {
  const most = Math.max(...bars.map(({ max }) => max));
  const x = (value: number) => LABEL + ((WIDTH - LABEL - VALUE) * value) / most;
  const rows = bars.map((bar, index) => {
    const y = top + HEAD + index * ROW;
    const own =
      bar.name.startsWith("my-bot") || !bars.some(({ name }) => name.startsWith("my-bot"));
    const middle = y + 8;
    return [
      `<text x="${LABEL - 8}" y="${y + 12}" text-anchor="end" fill="#333">${escapeXml(bar.name)}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${(x(bar.value) - LABEL).toFixed(1)}" height="16" fill="${own ? OWN : OTHER}"/>`,
      `<line x1="${x(bar.min).toFixed(1)}" x2="${x(bar.max).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#333"/>`,
      `<text x="${(x(bar.max) + 6).toFixed(1)}" y="${y + 12}" fill="#333">${Number(bar.value.toPrecision(3))}</text>`,
    ].join("");
  });
  const heading = `<text x="8" y="${top + 22}" font-weight="600" fill="#111">${escapeXml(title)}</text>`;
  return [heading, ...rows].join("\n");
}

const escapeXml = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
