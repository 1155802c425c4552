import { setImmediate as breathe } from "node:timers/promises";
import { type CodeFence, closesFence, openingFence } from "./code-fence.ts";
import { replaceTables } from "./replace-tables.ts";

/** Parsed in a few milliseconds, whatever is in it. */
const SECTION_LENGTH = 4_000;
/** Nobody reads a table of such a length: it stays as it is. */
const LONGEST_SECTION = 12_000;

/** `replaceTables` for texts of any length, which lets everything else have its turn in between. */
export async function replaceTablesInTurns(source: string, maxColumns: number): Promise<string> {
  let shown = "";
  for (const section of sectionsOf(source)) {
    if (shown !== "") await breathe();
    shown += section.length > LONGEST_SECTION ? section : replaceTables(section, maxColumns);
  }
  return shown;
}

/**
 * Cut where a block begins for certain: behind an empty line, outside of a code block, at a line that is not indented.
 * All of them together are the text.
 */
export function sectionsOf(source: string): readonly string[] {
  const sections: string[] = [];
  let section = "";
  let fence: CodeFence | undefined;
  let isBehindEmpty = false;
  for (const line of source.split(/(?<=\n|\r(?!\n))/)) {
    const mayCut = fence === undefined && isBehindEmpty && /^\S/.test(line);
    if (mayCut && section.length >= SECTION_LENGTH) {
      sections.push(section);
      section = "";
    }
    section += line;
    isBehindEmpty = line.trim() === "";
    if (fence === undefined) fence = openingFence(line, Number.POSITIVE_INFINITY);
    else if (closesFence(line, fence)) fence = undefined;
  }
  return section === "" ? sections : [...sections, section];
}
