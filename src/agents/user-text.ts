import type { Attachment, RepliedMessage } from "../events/event.ts";

export interface UserMessage {
  readonly content: string;
  readonly replyTo?: RepliedMessage | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
}

/** As much of a replied-to text as the model is shown. */
const QUOTE_LENGTH = 500;

/** A person's message as the model reads it: the replied-to text quoted above, what came beside it named below. */
export function userText({ content, replyTo, attachments = [] }: UserMessage): string {
  const quote = replyTo?.text?.trim() ? `> ${oneLine(replyTo.text)}` : "";
  const beside = attachments.map(({ kind, name }) => `[${kind}${name ? `: ${name}` : ""}]`);
  const text = [content.trim(), beside.join(" ")].filter((part) => part !== "").join("\n\n");
  return [quote, text || "(empty message)"].filter((part) => part !== "").join("\n\n");
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  const chars = [...line];
  return chars.length > QUOTE_LENGTH ? `${chars.slice(0, QUOTE_LENGTH).join("")}…` : line;
}
