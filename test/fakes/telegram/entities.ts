import { badRequest } from "./api-error.ts";

export interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
  readonly user?: unknown;
}

export interface Formatted {
  readonly text: string;
  readonly entities: readonly Entity[];
}

const TYPES = new Set(
  "mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre text_link text_mention custom_emoji date_time".split(
    " ",
  ),
);
const LINKS = /^(https?|tg|mailto|tel):/i;

const refuse = (reason: string) => badRequest(`can't parse entities: ${reason}`);

/** Stricter than the real server, which repairs some of this: ranges must be whole, inside and properly nested. */
export function checkEntities(text: string, entities: readonly Entity[]): void {
  for (const entity of entities) checkEntity(text, entity);
  const sorted = entities.toSorted((a, b) => a.offset - b.offset || b.length - a.length);
  const open: number[] = [];
  for (const { offset, length } of sorted) {
    while (open.length > 0 && (open.at(-1) ?? 0) <= offset) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined && offset + length > outer) throw refuse("entities overlap");
    open.push(offset + length);
  }
}

function checkEntity(text: string, entity: Entity): void {
  const { type, offset, length } = entity;
  if (!TYPES.has(type)) throw refuse(`unsupported entity type "${type}"`);
  if (!Number.isInteger(offset) || !Number.isInteger(length) || offset < 0 || length <= 0) {
    throw refuse(`wrong range ${offset}+${length}`);
  }
  if (offset + length > text.length) throw refuse(`range ${offset}+${length} is outside the text`);
  if (splitsPair(text, offset) || splitsPair(text, offset + length)) {
    throw refuse(`range ${offset}+${length} begins or ends in the middle of a UTF-16 symbol`);
  }
  if (type === "text_link" && !LINKS.test(entity.url ?? "")) throw refuse("wrong URL");
}

const splitsPair = (text: string, index: number) =>
  index > 0 &&
  index < text.length &&
  /[\uD800-\uDBFF]/.test(text.charAt(index - 1)) &&
  /[\uDC00-\uDFFF]/.test(text.charAt(index));

/** Mentions and commands, as the real server finds them in what a person writes. */
export function detectEntities(text: string): Entity[] {
  const found: Entity[] = [];
  for (const match of text.matchAll(
    /(?<![\w@/])(@[A-Za-z]\w{3,31}|\/[A-Za-z]\w{0,31}(?:@\w+)?)/g,
  )) {
    const type = match[0].startsWith("@") ? "mention" : "bot_command";
    found.push({ type, offset: match.index, length: match[0].length });
  }
  return found;
}

/** Cuts white space off both ends, as the server does, and moves the entities with it. */
export function trimFormatted({ text, entities }: Formatted): Formatted {
  const trimmed = text.trim();
  const cut = text.length - text.trimStart().length;
  const moved = entities.flatMap((entity) => {
    const start = Math.max(0, entity.offset - cut);
    const end = Math.min(trimmed.length, entity.offset + entity.length - cut);
    return end > start ? [{ ...entity, offset: start, length: end - start }] : [];
  });
  return { text: trimmed, entities: moved };
}
