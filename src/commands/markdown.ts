/** A code block around any text, with a fence that is longer than each one inside. */
export function fenced(text: string): string {
  const inside = text.match(/`{3,}/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...inside.map((run) => run.length + 1)));
  return `${fence}\n${text.trimEnd()}\n${fence}`;
}

/** What a person typed, fit to be quoted between backticks: one line, without backticks, at most 40 characters. */
export function plainWord(text: string): string {
  return Array.from(text.replace(/[\s`]+/g, " ").trim())
    .slice(0, 40)
    .join("");
}

/** Words that somebody else chose, so that they are shown as they are. */
export const escapeMarkdown = (text: string) => text.replace(/[\\`*_[\]<>~|#&:@]/g, "\\$&");
