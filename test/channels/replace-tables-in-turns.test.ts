import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replaceTables } from "../../src/channels/replace-tables.ts";
import { replaceTablesInTurns, sectionsOf } from "../../src/channels/replace-tables-in-turns.ts";

const TABLE = "| City | People |\n|:-----|-------:|\n| Rome | 3 |\n";
const WORDS = `${"Some words about it. ".repeat(20)}\n`;
const FENCED = `\`\`\`\n\n${TABLE}\n\`\`\`\n`;
const LISTED = `- one\n\n  ${TABLE.replaceAll("\n", "\n  ").trimEnd()}\n`;

describe("replaceTablesInTurns", () => {
  it("does the same as all at once", async () => {
    const block = fc.constantFrom(TABLE, WORDS, FENCED, LISTED, "> quote\n", "\n\n", "# Heading\n");
    await fc.assert(
      fc.asyncProperty(fc.array(block, { maxLength: 120 }), async (blocks) => {
        const source = blocks.join("\n");
        expect(sectionsOf(source).join("")).toBe(source);
        expect(await replaceTablesInTurns(source, 64)).toBe(replaceTables(source, 64));
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("lets others have their turn, however long the text is", async () => {
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const shown = await replaceTablesInTurns(`${TABLE}\n`.repeat(1_000), 64);
    isOver = true;
    expect(shown.match(/^Rome \|/gm)).toHaveLength(1_000);
    // A turn for each 4,000 characters. Red with one section.
    expect(turns).toBeGreaterThan(8);
  });

  it("leaves a table that is too long to be read as it is", async () => {
    const long = `${TABLE}${"| Oslo | 700 |\n".repeat(1_000)}`;
    expect(await replaceTablesInTurns(long, 64)).toBe(long);
  });
});
