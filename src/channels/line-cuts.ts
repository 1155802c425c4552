import {
  type CodeFence,
  closesFence,
  closingText,
  LONGEST_FENCE_LINE,
  openingFence,
} from "./code-fence.ts";

/** Where a part begins. */
export interface Place {
  readonly index: number;
  /** Whether a line begins here. */
  readonly lineStart: boolean;
  /** The fence in which the place is. Its opening line stands in an earlier part; the new part opens it again. */
  readonly fence: CodeFence | undefined;
}

/** Where a part may end: before a line break or at the end of the text. */
export interface Cut {
  readonly end: number;
  /** The fence that is open there, to be closed by the part. */
  readonly fence: CodeFence | undefined;
}

/** What the lines that fit into a part say about where it may end. Positions are in the whole text. */
export interface LineScan {
  /** The best cut at the end of a line; without one, a line is too long for the part. */
  readonly cut: Cut | undefined;
  /** Where the first line begins that is neither blank nor opens a fence; the last line if there is none. */
  readonly bodyStart: number;
  /** The fence that is open in the last line that was read. */
  readonly fence: CodeFence | undefined;
  /** The line that closes the fence in which the part began. */
  readonly closing: { readonly start: number; readonly end: number } | undefined;
}

/** `room`: units of the text that fit into the part, if it does not end in a fence. `limit`: length of a whole part. */
export interface PartSize {
  readonly room: number;
  readonly limit: number;
}

/** Looks at the text from `place` for the part's room and one short line more. */
export function scanLines(text: string, place: Place, size: PartSize): LineScan {
  const base = place.index;
  const window = text.slice(base, base + size.room + LONGEST_FENCE_LINE + 2);
  const lines = readLines(window, place, size);
  const body = lines.find(({ kind }) => kind === "text");
  const closing = lines.find(({ kind, before }) => kind === "closes" && before === place.fence);
  const cuts = lines
    .map((line, index) => cutAfter(line, lines[index + 1], body))
    .filter(({ end, fence }) => end + closingText(fence).length <= size.room);
  const last = lines.at(-1);
  const best =
    cuts.findLast(({ end, rank }) => rank === "end" && base + end === text.length) ??
    cuts.findLast(({ rank }) => rank === "block") ??
    cuts.findLast(({ rank }) => rank === "line");
  return {
    cut: best && { end: base + best.end, fence: best.fence },
    bodyStart: base + ((body ?? last)?.start ?? 0),
    fence: (body ?? last)?.after,
    closing: closing && { start: base + closing.start, end: base + closing.end },
  };
}

interface Line {
  readonly kind: "text" | "blank" | "opens" | "closes";
  /** Positions in the window; `end` is that of the line break. */
  readonly start: number;
  readonly end: number;
  /** The fence that is open before the line, and after it. */
  readonly before: CodeFence | undefined;
  readonly after: CodeFence | undefined;
}

/** The lines that begin in the room, or right behind it. */
function readLines(window: string, place: Place, { room, limit }: PartSize): Line[] {
  const lines: Line[] = [];
  let before = place.fence;
  for (let start = 0; start <= Math.min(window.length, room + 1); ) {
    const newline = window.indexOf("\n", start);
    const end = newline < 0 ? window.length : newline;
    const content = window.slice(start, end);
    const isWhole = start > 0 || place.lineStart;
    const { kind, after } = isWhole ? readLine(content, before, limit) : textLine(content, before);
    lines.push({ kind, start, end, before, after });
    before = after;
    start = end + 1;
  }
  return lines;
}

type LineMeaning = Pick<Line, "kind" | "after">;

function readLine(content: string, fence: CodeFence | undefined, limit: number): LineMeaning {
  if (!fence) {
    const opened = openingFence(content, limit);
    return opened && !opened.isTooBig
      ? { kind: "opens", after: opened }
      : textLine(content, opened);
  }
  return closesFence(content, fence)
    ? { kind: "closes", after: undefined }
    : textLine(content, fence);
}

function textLine(content: string, fence: CodeFence | undefined): LineMeaning {
  return { kind: content.trim() === "" ? "blank" : "text", after: fence };
}

interface RankedCut extends Cut {
  readonly rank: "none" | "line" | "block" | "end";
}

/** The cut at the end of a line. In a fence that has no line yet, it would leave an empty block behind. */
function cutAfter(line: Line, next: Line | undefined, body: Line | undefined): RankedCut {
  const { end, after: fence } = line;
  if (!next) return { end, fence, rank: "end" };
  if (fence) return { end, fence, rank: body && body.start < next.start ? "line" : "none" };
  const isBlock =
    line.kind === "blank" ||
    line.kind === "closes" ||
    next.kind === "blank" ||
    next.kind === "opens";
  return { end, fence, rank: isBlock ? "block" : "line" };
}
