/** A range of the text that is shown in a certain way. Offsets and lengths are in UTF-16 units. */
export type Entity = { readonly offset: number; readonly length: number } & Style;

export type Style =
  | { readonly type: "bold" | "italic" | "strikethrough" | "code" | "blockquote" }
  | { readonly type: "pre"; readonly language?: string }
  | { readonly type: "text_link"; readonly url: string };

export interface Rendered {
  readonly text: string;
  /** Sorted by offset, outer ones first; properly nested. */
  readonly entities: readonly Entity[];
}

/** A text with its styles, before it is laid out. */
export type Piece =
  | string
  | readonly Piece[]
  | { readonly style: Style; readonly inside: Piece }
  /** Every line but the first starts with `indent`. */
  | { readonly indent: string; readonly inside: Piece }
  /** Lines that keep their own start, in a code block. */
  | { readonly raw: string };

interface Layout {
  text: string;
  readonly entities: Entity[];
}

interface Around {
  readonly indent: string;
  readonly open: readonly Style["type"][];
}

export function layOut(piece: Piece): Rendered {
  const layout: Layout = { text: "", entities: [] };
  add(piece, { indent: "", open: [] }, layout);
  return { text: layout.text, entities: tidy(layout) };
}

function add(piece: Piece, around: Around, layout: Layout): void {
  if (typeof piece === "string") {
    layout.text += piece.replaceAll("\n", `\n${around.indent}`);
  } else if ("raw" in piece) {
    layout.text += piece.raw;
  } else if ("style" in piece) {
    addStyled(piece, around, layout);
  } else if ("indent" in piece) {
    add(piece.inside, { ...around, indent: around.indent + piece.indent }, layout);
  } else {
    for (const each of piece) add(each, around, layout);
  }
}

function addStyled(
  { style, inside }: { readonly style: Style; readonly inside: Piece },
  around: Around,
  layout: Layout,
): void {
  const { open } = around;
  // There is no quote in a quote: the inner one is marked as in a mail.
  if (style.type === "blockquote" && open.includes("blockquote")) {
    add(["> ", { indent: "> ", inside }], around, layout);
    return;
  }
  const offset = layout.text.length;
  add(inside, { ...around, open: [...open, style.type] }, layout);
  // A link around code counts more than the code: both at once cannot be.
  if (open.includes(style.type) || (style.type === "code" && open.includes("text_link"))) return;
  layout.entities.push({ ...style, offset, length: layout.text.length - offset });
}

function tidy({ entities, text }: Layout): Entity[] {
  const code = entities.filter(isCode);
  return (
    entities
      .flatMap((entity) => (mayHoldCode(entity) ? [entity] : cutAround(entity, code)))
      .filter(({ offset, length }) => text.slice(offset, offset + length).trim() !== "")
      // Inner ones were finished first: of the same range, the outer one goes first.
      .reverse()
      .sort((a, b) => a.offset - b.offset || b.length - a.length)
  );
}

const isCode = ({ type }: Entity): boolean => type === "code" || type === "pre";
const mayHoldCode = (entity: Entity): boolean => isCode(entity) || entity.type === "blockquote";

/** What is left of an entity when the code inside is taken out. `code` is in order of its offsets. */
function cutAround(entity: Entity, code: readonly Entity[]): Entity[] {
  const end = entity.offset + entity.length;
  const inside = code.filter((hole) => hole.offset >= entity.offset && hole.offset < end);
  const starts = [entity.offset, ...inside.map((hole) => hole.offset + hole.length)];
  const ends = [...inside.map((hole) => hole.offset), end];
  return starts.map((offset, i) => ({ ...entity, offset, length: (ends[i] ?? end) - offset }));
}
