import { parseMarkdown } from "../../channels/parse-markdown.ts";
import { renderMarkdown } from "../../channels/render-markdown.ts";
import { replaceTables } from "../../channels/replace-tables.ts";
import type { Entity, Rendered } from "../../channels/styled-text.ts";
import { plainText } from "../../runtime/plain-text.ts";

export interface TerminalLook {
  /** How wide the terminal is. */
  readonly columns: number;
  /** Whether styles may be shown. */
  readonly colourful: boolean;
}

/**
 * Markdown as a person at a terminal reads it. It comes from a model: of what could steer the terminal, nothing leaves
 * this function but the styles that it puts in itself.
 */
export function terminalText(markdown: string, look: TerminalLook): string {
  const parsed = parseMarkdown(replaceTables(markdown, look.columns));
  if (!parsed) return plainText(markdown);
  const rendered = withQuoteMarks(renderMarkdown(parsed));
  const marks = marksOf(rendered.entities, look);
  let shown = "";
  let from = 0;
  for (const { at, text } of marks) {
    shown += plainText(rendered.text.slice(from, at)) + text;
    from = at;
  }
  return shown + plainText(rendered.text.slice(from));
}

/** What begins and ends a style (SGR); each end leaves the other styles alone. */
const STYLES: Readonly<Record<Entity["type"], readonly [on: number, off: number] | undefined>> = {
  bold: [1, 22],
  italic: [3, 23],
  text_link: [4, 24],
  strikethrough: [9, 29],
  code: [36, 39],
  pre: [36, 39],
  blockquote: undefined,
};

interface Mark {
  readonly at: number;
  readonly text: string;
}

/** In order of their places; at one place ends come first, inner ones before outer ones. */
function marksOf(entities: readonly Entity[], { colourful }: TerminalLook): readonly Mark[] {
  const sgr = (code: number | undefined) =>
    colourful && code !== undefined ? `\u001b[${code}m` : "";
  const ends = entities.toReversed().map((entity): Mark => {
    const target = entity.type === "text_link" ? ` (${plainText(entity.url)})` : "";
    return { at: endOf(entity), text: sgr(STYLES[entity.type]?.[1]) + target };
  });
  const beginnings = entities.map(
    (entity): Mark => ({ at: entity.offset, text: sgr(STYLES[entity.type]?.[0]) }),
  );
  return [...ends, ...beginnings].sort((a, b) => a.at - b.at);
}

const endOf = ({ offset, length }: Entity) => offset + length;

const QUOTE_MARK = "│ ";

/** Quotes have a line at their left side, as in a mail. */
function withQuoteMarks({ text, entities }: Rendered): Rendered {
  const quotes = entities.filter(({ type }) => type === "blockquote");
  if (quotes.length === 0) return { text, entities };
  const starts = lineStarts(text).filter((start) =>
    quotes.some((quote) => start >= quote.offset && start <= endOf(quote)),
  );
  const shift = (at: number, own: boolean) =>
    at + QUOTE_MARK.length * starts.filter((start) => (own ? start <= at : start < at)).length;
  const marked = starts.reduceRight(
    (shown, start) => shown.slice(0, start) + QUOTE_MARK + shown.slice(start),
    text,
  );
  return {
    text: marked,
    entities: entities.map((entity) => {
      const offset = shift(entity.offset, true);
      return { ...entity, offset, length: shift(endOf(entity), false) - offset };
    }),
  };
}

const lineStarts = (text: string): readonly number[] => [
  0,
  ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1),
];
