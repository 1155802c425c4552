import { badRequest } from "./api-error.ts";
import type { Entity, Formatted } from "./entities.ts";

/** Reads text in a parse mode as strictly as the real server: what it would refuse is refused. */
export function parseMode(mode: string, text: string): Formatted {
  if (mode === "HTML") return read(text, HTML, "end tag corresponding to start tag");
  if (mode === "MarkdownV2") return read(text, MARKDOWN, "end of the entity");
  throw badRequest("unsupported parse_mode");
}

interface Reading {
  text: string;
  readonly entities: Entity[];
  readonly open: { readonly mark: string; readonly at: number; readonly extra?: Partial<Entity> }[];
}

/** A sticky pattern and what it does when it stands at the reading position. */
type Rule = readonly [RegExp, (reading: Reading, match: RegExpExecArray) => void];

const refuse = (reason: string) => badRequest(`can't parse entities: ${reason}`);

function read(source: string, rules: readonly Rule[], missing: string): Formatted {
  const reading: Reading = { text: "", entities: [], open: [] };
  for (let at = 0; at < source.length; ) at += step(source, at, { reading, rules });
  const left = reading.open.at(-1);
  if (left) throw refuse(`Can't find ${missing} "${left.mark}"`);
  return { text: reading.text, entities: reading.entities };
}

function step(
  source: string,
  at: number,
  { reading, rules }: { reading: Reading; rules: readonly Rule[] },
): number {
  for (const [pattern, act] of rules) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (!match) continue;
    act(reading, match);
    return match[0].length;
  }
  reading.text += source.charAt(at);
  return 1;
}

function close(reading: Reading, type: string, extra: Partial<Entity> = {}): void {
  const opened = reading.open.pop();
  const offset = opened?.at ?? 0;
  const length = reading.text.length - offset;
  if (length > 0) reading.entities.push({ type, offset, length, ...opened?.extra, ...extra });
}

const open = (reading: Reading, mark: string, extra: Partial<Entity> = {}) =>
  void reading.open.push({ mark, at: reading.text.length, extra });

const MARKS: Readonly<Record<string, string>> = {
  "*": "bold",
  _: "italic",
  __: "underline",
  "~": "strikethrough",
  "||": "spoiler",
};

const write = (reading: Reading, text = "") => {
  reading.text += text;
};

const unescaped = (text: string) => text.replace(/\\(.)/g, "$1");

function code(type: "code" | "pre") {
  return (reading: Reading, [, language = "", inner = ""]: RegExpExecArray) => {
    open(reading, type, type === "pre" && language ? { language } : {});
    reading.text += unescaped(inner);
    close(reading, type);
  };
}

const MARKDOWN: readonly Rule[] = [
  [/\\([\s\S])/y, (reading, [, char]) => write(reading, char)],
  [/```(?:([\w+-]+)\n)?((?:\\[\s\S]|[^`\\])*)```/y, code("pre")],
  [/()`((?:\\[\s\S]|[^`\\])+)`/y, code("code")],
  [/\[/y, (reading) => open(reading, "[")],
  [/(?<=^|\n)>/y, () => {}],
  [
    /\]\(((?:\\[\s\S]|[^)\\])*)\)/y,
    (reading, match) => {
      if (reading.open.at(-1)?.mark !== "[") throw refuse("unexpected end of a link");
      close(reading, "text_link", { url: unescaped(match[1] ?? "") });
    },
  ],
  [
    /\|\||__|[*_~]/y,
    (reading, [mark]) => {
      if (reading.open.at(-1)?.mark === mark) close(reading, MARKS[mark] ?? "bold");
      else open(reading, mark);
    },
  ],
  [
    /[_*[\]()~`>#+\-=|{}.!]/y,
    (_, [char]) => {
      throw refuse(`Character '${char}' is reserved and must be escaped with the preceding '\\'`);
    },
  ],
];

const TAGS: Readonly<Record<string, string>> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  "tg-spoiler": "spoiler",
  a: "text_link",
};
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };

const HTML: readonly Rule[] = [
  [/&(lt|gt|amp|quot);/y, (reading, [, name = ""]) => write(reading, NAMED[name])],
  [
    /<([A-Za-z-]+)([^>]*)>/y,
    (reading, [, tag = "", attributes = ""]) => {
      if (!(tag in TAGS)) throw refuse(`Unsupported start tag "${tag}"`);
      const url = /href="([^"]*)"/.exec(attributes)?.[1];
      open(reading, tag, url === undefined ? {} : { url });
    },
  ],
  [
    /<\/([A-Za-z-]+)>/y,
    (reading, [, tag = ""]) => {
      if (reading.open.at(-1)?.mark !== tag) throw refuse(`Unmatched end tag "${tag}"`);
      close(reading, TAGS[tag] ?? "bold");
    },
  ],
  [
    /</y,
    () => {
      throw refuse('Unsupported start tag ""');
    },
  ],
];
