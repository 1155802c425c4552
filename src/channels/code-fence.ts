/** A fenced code block of Markdown, as far as is needed to close it in one part and open it again in the next. */
export interface CodeFence {
  /** Before the marker: as wide as what stands there in the text (a list's bullet becomes spaces). */
  readonly indent: string;
  /** Three or more of ` or ~. */
  readonly marker: string;
  /** The language and what else follows the marker. */
  readonly info: string;
  /** Whether it is too big for the parts: then it is cut like other text. */
  readonly isTooBig: boolean;
}

/** As much of a line as is looked at. */
export const LONGEST_FENCE_LINE = 150;

const OPENING = /^((?:[ \t]*(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*[ \t]*)(`{3,}|~{3,})(.*)$/;
const CLOSING = /^[ \t]*(`{3,}|~{3,})[ \t]*$/;

/**
 * The fence that a line opens. Backticks with another backtick behind them are inline code, not a fence. The part that
 * opens it has to close it too, and needs room for something between: the two lines may take half of `limit`.
 */
export function openingFence(line: string, limit: number): CodeFence | undefined {
  const [, before, marker, rest] = OPENING.exec(line.slice(0, LONGEST_FENCE_LINE).trimEnd()) ?? [];
  if (before === undefined || marker === undefined || rest === undefined) return undefined;
  if (marker.startsWith("`") && rest.includes("`")) return undefined;
  const indent = before.replace(/[^\t]/g, " ");
  const isTooBig = line.length + 1 + 1 + indent.length + marker.length > limit / 2;
  return { indent, marker, info: rest.trim(), isTooBig };
}

export function closesFence(line: string, fence: CodeFence): boolean {
  if (line.length > LONGEST_FENCE_LINE) return false;
  return CLOSING.exec(line.trimEnd())?.[1]?.startsWith(fence.marker) ?? false;
}

/** The line that closes a fence, with the line break before it. */
export function closingText(fence: CodeFence | undefined): string {
  return !fence || fence.isTooBig ? "" : `\n${fence.indent}${fence.marker}`;
}

/** The line that opens a fence again at the beginning of a part, with its line break. */
export function reopeningText(fence: CodeFence | undefined): string {
  return !fence || fence.isTooBig ? "" : `${fence.marker}${fence.info}\n`;
}
