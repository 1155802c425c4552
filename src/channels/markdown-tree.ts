/** Markdown as the renderers need it. HTML is text like any other. */
export type Block =
  | { readonly type: "paragraph"; readonly children: readonly Inline[] }
  | { readonly type: "heading"; readonly depth: HeadingDepth; readonly children: readonly Inline[] }
  | { readonly type: "code"; readonly language: string; readonly value: string }
  | { readonly type: "formula"; readonly value: string }
  | { readonly type: "blockquote"; readonly children: readonly Block[] }
  | { readonly type: "footnote"; readonly label: string; readonly children: readonly Block[] }
  | { readonly type: "thematicBreak" }
  | List
  | Table;

export type HeadingDepth = 1 | 2 | 3 | 4 | 5 | 6;

export interface List {
  readonly type: "list";
  /** Undefined for bullets. */
  readonly numbers: { readonly start: number; readonly delimiter: string } | undefined;
  /** Whether there are empty lines between its items. */
  readonly spread: boolean;
  readonly items: readonly ListItem[];
}

export interface ListItem {
  /** Undefined for what is no task. */
  readonly checked: boolean | undefined;
  readonly children: readonly Block[];
}

export interface Table {
  readonly type: "table";
  /** By column. */
  readonly align: readonly Align[];
  /** The header first; a row may have more cells than the header. */
  readonly rows: readonly (readonly TableCell[])[];
  /** The first line of the source that it was made of, and the one behind its last. */
  readonly lines: readonly [from: number, to: number];
}

export type Align = "left" | "center" | "right" | undefined;

export interface TableCell {
  readonly children: readonly Inline[];
  /** The Markdown in it. */
  readonly source: string;
}

export type Inline =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "inlineCode"; readonly value: string }
  | { readonly type: "strong"; readonly children: readonly Inline[] }
  | { readonly type: "emphasis"; readonly children: readonly Inline[] }
  | { readonly type: "delete"; readonly children: readonly Inline[] }
  /** An image is a link that says what there is to see. */
  | { readonly type: "link"; readonly url: string; readonly children: readonly Inline[] };
