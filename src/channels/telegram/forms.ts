import type { InputRichBlock } from "grammy/types";
import type { OutgoingPart } from "../channel.ts";
import { parseMarkdown } from "../parse-markdown.ts";
import { renderMarkdown } from "../render-markdown.ts";
import type { Rendered } from "../styled-text.ts";
import { TEXT_LENGTH } from "./limits.ts";
import { needsRichMessage, richBlocks } from "./rich.ts";
import { fitsRichMessage } from "./rich-limits.ts";

/** One way to show a part. */
export type Form =
  | { readonly kind: "rich"; readonly blocks: readonly InputRichBlock[] }
  | ({ readonly kind: "text" } & Rendered);

/**
 * The ways to show a part, best first; the next one is for when Telegram refuses this one. The last one is the text
 * as it is, which cannot be refused for its form. `label` is a message of its own where it does not fit in.
 */
export interface Forms {
  readonly label: string | undefined;
  readonly forms: readonly Form[];
}

export function formsOf(part: OutgoingPart, knowsRich: boolean): Forms {
  const fits = part.label === undefined || part.label.length + 1 + part.text.length <= TEXT_LENGTH;
  const label = fits ? part.label : undefined;
  const plain = labelled(label, { text: part.text, entities: [] });
  return {
    label: fits ? undefined : part.label,
    forms: [...formattedForms(part.text, label, knowsRich), { kind: "text", ...plain }],
  };
}

/** Telegram shows no more. */
const MAX_ENTITIES = 100;

function formattedForms(markdown: string, label: string | undefined, knowsRich: boolean): Form[] {
  const parsed = parseMarkdown(markdown);
  if (!parsed) return [];
  const forms: Form[] = [];
  if (knowsRich && needsRichMessage(parsed) && fitsRichMessage(parsed)) {
    const head: InputRichBlock[] = label === undefined ? [] : [{ type: "paragraph", text: label }];
    forms.push({ kind: "rich", blocks: [...head, ...richBlocks(parsed)] });
  }
  const rendered = renderMarkdown(parsed);
  const entities = rendered.entities.slice(0, MAX_ENTITIES);
  const text = labelled(label, { text: rendered.text, entities });
  const shown = text.text.trim();
  if (shown !== "" && text.text.length <= TEXT_LENGTH && shown !== label) {
    forms.push({ kind: "text", ...text });
  }
  return forms;
}

function labelled(label: string | undefined, { text, entities }: Rendered): Rendered {
  if (label === undefined) return { text, entities };
  const shift = label.length + 1;
  return {
    text: `${label}\n${text}`,
    entities: entities.map((entity) => ({ ...entity, offset: entity.offset + shift })),
  };
}
