const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** White space at which a line may be broken: all but the no-break spaces. */
const BREAKABLE = /[\t\n\v\f\r \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]/;
/** What belongs to the character before it, were that a space. */
const JOINS = /^[\p{Grapheme_Extend}\p{M}\p{Emoji_Modifier}\u200d]/u;
const SENTENCE_END = /[.!?…]["'”’)\]*_]{0,3}$/;
const FULL_STOPS = "。！？";
const CLOSERS = "。！？」』）】”’";

export function isBreakable(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  // Most letters are decided here: this runs for every character of a long line.
  if (code > 0x20 && code < 0x1680) return false;
  return BREAKABLE.test(text.charAt(at)) && !JOINS.test(text.slice(at + 1, at + 3));
}

/** A piece of a text without a line break that is better than any other. */
export interface LongLine {
  readonly from: number;
  /** The last place where it may be cut; the text goes on behind it. */
  readonly to: number;
  /** Code has no sentences. */
  readonly isCode: boolean;
}

/**
 * Where to cut, after `from` and not after `to`: at the last end of a sentence (unless that gives less than a quarter),
 * else the last word, else the last grapheme.
 */
export function cutLongLine(text: string, { from, to, isCode }: LongLine): number {
  const sentencesFrom = isCode ? to + 1 : from + (to - from) / 4;
  let word: number | undefined;
  for (let at = to; at > from && (word === undefined || at >= sentencesFrom); at--) {
    if (at >= sentencesFrom && endsSentence(text, at)) return at;
    if (word === undefined && isBreakable(text, at)) word = at;
  }
  return word ?? cutGraphemes(text, from, to);
}

function endsSentence(text: string, at: number): boolean {
  if (text.charCodeAt(at - 1) >= 0x3000 && FULL_STOPS.includes(text.charAt(at - 1)))
    return !CLOSERS.includes(text.charAt(at));
  return isBreakable(text, at) && SENTENCE_END.test(text.slice(Math.max(at - 4, 0), at));
}

function cutGraphemes(text: string, from: number, to: number): number {
  // Two units more, so that the character behind the cut is whole.
  const found = graphemes.segment(text.slice(from, to + 2)).containing(to - from);
  if (found && found.index > 0) return from + found.index;
  const insidePair = /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(to - 1, to + 1));
  return insidePair && to - 1 > from ? to - 1 : to;
}
