import { setImmediate as breathe } from "node:timers/promises";
import { closesFence, closingText, LONGEST_FENCE_LINE, reopeningText } from "./code-fence.ts";
import { type Cut, type LineScan, type Place, scanLines } from "./line-cuts.ts";
import { cutLongLine, isBreakable } from "./long-line.ts";

/**
 * Splits a text into parts of at most `limit` UTF-16 units (2 or more; Infinity for no limit). A text within the limit
 * stays as it is; a text of nothing but white space gives no part, and no part is one.
 *
 * It cuts between paragraphs (a code block counts as one), else between lines, sentences, words, graphemes; a single
 * grapheme that is longer than a part is cut between code points. Only white space at the cuts is left out. A code fence
 * that is cut is closed and opened again, unless its lines would take more than half a part: then it is ordinary text.
 * The time taken is in proportion to the text.
 */
export function splitText(text: string, limit: number): string[] {
  return [...partsOf(text, limit)].filter((part) => part !== undefined);
}

/** The same, with turns for everything else in between: a long text must not hold up polls and heartbeats. */
export async function splitTextInTurns(text: string, limit: number): Promise<string[]> {
  const parts: string[] = [];
  let steps = 0;
  for (const part of partsOf(text, limit)) {
    if (part !== undefined) parts.push(part);
    steps += 1;
    if (steps % STEPS_A_TURN === 0) await breathe();
  }
  return parts;
}

/** A few milliseconds: one step looks at one part's text, and hardly ever at white space beyond it. */
const STEPS_A_TURN = 16;

/** Undefined for a step that makes no part. */
function* partsOf(text: string, limit: number): Generator<string | undefined> {
  if (!(limit >= 2)) throw new RangeError(`Cannot split text: limit is ${limit}, wanted 2 or more`);
  if (text.length <= limit) {
    yield text.trim() === "" ? undefined : text;
    return;
  }
  let place: Place = { index: skipBlankLines(text, 0), lineStart: true, fence: undefined };
  while (place.index < text.length) {
    const room = limit - reopeningText(place.fence).length;
    const scan = scanLines(text, place, { room, limit });
    const cut = scan.cut ?? cutInLine(text, scan, place.index + room);
    const isPart = !isBlank(text, place, { ...scan, cut });
    yield isPart ? render(text, place, { ...scan, cut }) : undefined;
    place = placeAfter(text, cut);
  }
}

function cutInLine(text: string, { bodyStart, fence }: LineScan, roomEnd: number): Cut {
  const to = roomEnd - closingText(fence).length;
  // Blank lines fill the part: it ends before the first other line.
  if (bodyStart >= to) return { end: bodyStart, fence };
  return { end: cutLongLine(text, { from: bodyStart, to, isCode: fence !== undefined }), fence };
}

/** Whether a part would hold no more than white space, and perhaps a fence that the next part opens anyway. */
function isBlank(text: string, place: Place, { cut, bodyStart }: LineScan & { cut: Cut }): boolean {
  const opensAgain = cut.fence !== undefined && cut.end < text.length;
  const from = opensAgain ? Math.min(bodyStart, cut.end) : place.index;
  return text.slice(from, cut.end).trim() === "";
}

function render(text: string, place: Place, { cut, closing }: LineScan & { cut: Cut }): string {
  const { fence, index } = place;
  // The text's own closing line may be indented too deeply for an opening line that is not indented.
  const body =
    fence && !fence.isTooBig && closing && closing.end <= cut.end
      ? text.slice(index, closing.start) + fence.marker + text.slice(closing.end, cut.end)
      : text.slice(index, cut.end);
  return reopeningText(fence) + body.trimEnd() + closingText(cut.fence);
}

/** Behind a cut: over the white space there, and over a closing line with nothing before it. */
function placeAfter(text: string, cut: Cut): Place {
  let index = cut.end;
  while (text.charAt(index) !== "\n" && isBreakable(text, index)) {
    index = Math.max(index + 1, lastSpace(text, index));
  }
  const lineStart = text.charAt(index) === "\n";
  if (lineStart) index = skipBlankLines(text, index);
  if (!cut.fence) return { index, lineStart, fence: undefined };
  // A fence that is opened again stands at the edge: the list that it was in is not there any more.
  const fence = { ...cut.fence, indent: "" };
  const [line = ""] = text.slice(index, index + LONGEST_FENCE_LINE + 1).split("\n", 1);
  if (!lineStart || fence.isTooBig || !closesFence(line, fence)) return { index, lineStart, fence };
  return placeAfter(text, { end: index + line.length, fence: undefined });
}

/** The last of the spaces that begin here: there may be a million. */
function lastSpace(text: string, from: number): number {
  const other = /[^ ]/g;
  other.lastIndex = from;
  return (other.exec(text)?.index ?? text.length) - 1;
}

/** The beginning of the first line that is not blank. */
function skipBlankLines(text: string, from: number): number {
  const visible = /\S/g;
  visible.lastIndex = from;
  const end = visible.exec(text)?.index ?? text.length;
  return Math.max(text.slice(from, end).lastIndexOf("\n") + 1 + from, from);
}
