import markdownIt, {
  type StateBlock,
  type StateCore,
  type StateInline,
  type Token,
} from "markdown-it";
import footnotes from "markdown-it-footnote";

/** Deeper nesting than a person reads. Below this the parser would leave out the rest of a text. */
const MAX_NESTING = 40;

// HTML is told from Markdown only so that nothing in it is taken for a style.
const markdown = markdownIt({ html: true });
Object.assign(markdown.options, { maxNesting: MAX_NESTING });
// Not `use`: the plugin's types are made for markdown-it's CommonJS ones, which differ.
Reflect.apply(footnotes, undefined, [markdown]);
// Footnotes stay where they were written.
markdown.disable(["footnote_inline", "footnote_tail"]);
// What may be opened is decided when a link is shown, and it is shown as it was written.
markdown.validateLink = () => true;
markdown.normalizeLink = (url) => url;
markdown.inline.ruler.before("text", "address", address);
markdown.block.ruler.before("table", "empty_table", emptyTable, {
  alt: ["paragraph", "reference"],
});
markdown.core.ruler.after("block", "tasks", markTasks);
markdown.core.ruler.after("block", "surplus_cells", addSurplusCells);

/** A token with what is between it and the one that closes it. */
export interface Branch {
  readonly token: Token;
  readonly inside: readonly Branch[];
}

/** GitHub's Markdown. Undefined where it is nested too deeply. */
export function tokensOf(source: string): readonly Branch[] | undefined {
  const tokens = markdown.parse(source, {});
  return tokens.some(isTooDeep) ? undefined : branchesOf(tokens);
}

const isTooDeep = ({ level, children }: Token): boolean =>
  level >= MAX_NESTING - 1 || (children?.some(isTooDeep) ?? false);

export function branchesOf(tokens: readonly Token[]): readonly Branch[] {
  const root: Branch[] = [];
  const open = [root];
  for (const token of tokens) {
    if (token.nesting < 0) {
      open.pop();
      continue;
    }
    const inside: Branch[] = [];
    open.at(-1)?.push({ token, inside });
    if (token.nesting > 0) open.push(inside);
  }
  return root;
}

/** Without character references and escapes, as in the language of a code block. */
export const unescaped = (text: string): string => markdown.utils.unescapeAll(text);

/**
 * From the first sign of a bare address that could be taken for Markdown, to the address's end; behind it may be the
 * end of a style or a sentence. Steps back no further than to the sign before, so that it stays fast.
 */
const ADDRESS =
  /(?:(?<=\bhttps?):\/\/|(?<=(?:^|[\s(*_~])www\.[^\s<*_~]*)[*_~])[^\s<\]]*[^\s<\]~\p{P}]/iuy;

function address(state: StateInline, silent: boolean): boolean {
  if (!":*_~".includes(state.src.charAt(state.pos))) return false;
  ADDRESS.lastIndex = state.pos;
  const [found] = ADDRESS.exec(state.src) ?? [];
  if (found === undefined) return false;
  if (!silent) state.pending += found;
  state.pos += found.length;
  return true;
}

const TASK = /^\[([ xX])\]\s+(?=\S)/;

/** Items that begin with a box get `checked`. */
function markTasks({ tokens }: StateCore): void {
  for (const [i, item] of tokens.entries()) {
    if (item.type !== "list_item_open" || tokens[i + 1]?.type !== "paragraph_open") continue;
    const words = tokens[i + 2];
    const [box, mark] = TASK.exec(words?.content ?? "") ?? [];
    if (!words || box === undefined) continue;
    item.meta = { checked: mark !== " " };
    words.content = words.content.slice(box.length);
  }
}

/** The parser leaves out the cells that a row has more than the header. */
function addSurplusCells(state: StateCore): void {
  if (!state.tokens.some(({ type }) => type === "table_open")) return;
  const lines = state.src.split("\n");
  const all: Token[] = [];
  let columns = 0;
  let line = "";
  for (const token of state.tokens) {
    if (token.type === "table_open") columns = 0;
    if (token.type === "th_open") columns += 1;
    if (token.type === "tr_open") line = lines[token.map?.[0] ?? 0] ?? "";
    if (token.type === "tr_close") all.push(...surplusCells(state, line, columns));
    all.push(token);
  }
  state.tokens = all;
}

function surplusCells(state: StateCore, line: string, columns: number): readonly Token[] {
  const row = line
    .replace(/^[\s>]*\|?/, "")
    .trimEnd()
    .replace(/\|$/, "");
  const cells = row.split(/(?<!\\)\|/);
  if (cells.length <= columns) return [];
  return cells
    .slice(columns)
    .flatMap((cell) => cellTokens(state, cell.replaceAll("\\|", "|").trim()));
}

function cellTokens({ Token }: StateCore, content: string): readonly Token[] {
  const words = new Token("inline", "", 0);
  words.content = content;
  words.children = [];
  return [new Token("td_open", "td", 1), words, new Token("td_close", "td", -1)];
}

const MANY_CELLS = 500;
const DELIMITERS = /^[|:-][ \t|:-]*$/;

/**
 * A table of many cells, most of them empty, is shown as it was written: the parser makes up the cells that rows lack,
 * which can be a thousand for each character.
 */
function emptyTable(
  state: StateBlock,
  ...[start, end, silent]: [start: number, end: number, silent: boolean]
): boolean {
  if (start + 2 > end || !DELIMITERS.test(lineAt(state, start + 1))) return false;
  let behind = start;
  while (behind < end && !state.isEmpty(behind)) behind += 1;
  const source = state.getLines(start, behind, state.blkIndent, false);
  const rows = behind - start;
  const columns = filledIn(lineAt(state, start + 1));
  const cells = Math.max(rows * columns, source.split("|").length - rows);
  if (cells < MANY_CELLS || cells < 2 * filledIn(source)) return false;
  if (silent) return true;
  state.push("plain", "", 0).content = source;
  state.line = behind;
  return true;
}

const lineAt = ({ src, bMarks, tShift, eMarks }: StateBlock, line: number): string =>
  src.slice((bMarks[line] ?? 0) + (tShift[line] ?? 0), eMarks[line]);

const filledIn = (text: string): number => text.match(/[^\s|][^|\n]*/g)?.length ?? 0;
