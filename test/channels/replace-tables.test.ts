import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replaceTables } from "../../src/channels/replace-tables.ts";
import { splitText } from "../../src/channels/split-text.ts";

const TABLE =
  "| City | People |\n|:-----|-------:|\n| **Rome** | 3 |\n| [Oslo](https://o.no) | 700 |";

describe("replaceTables", () => {
  it("puts a table into a code block with its columns under each other, and leaves the rest alone", () => {
    expect(replaceTables(`Look: **here**\n\n${TABLE}\n\nThat is *all*.`, 64)).toBe(
      [
        "Look: **here**\n",
        "```",
        "City                | People",
        "--------------------+-------",
        "Rome                |      3",
        "Oslo (https://o.no) |    700",
        "```",
        "\nThat is *all*.",
      ].join("\n"),
    );
  });

  it("makes a list of the rows where the block would be too wide", () => {
    expect(replaceTables(TABLE, 20)).toBe(
      [
        "- **City**: **Rome**",
        "  **People**: 3",
        "- **City**: [Oslo](https://o.no)",
        "  **People**: 700",
      ].join("\n"),
    );
  });

  it("makes a list where a fence in a cell would end the block", () => {
    expect(replaceTables("|a|\n|-|\n|x ``` y|", 64)).toBe("- **a**: x ``` y");
  });

  it.each([
    "",
    "no table",
    "a | b\n\nc",
    "```\n|a|b|\n|-|-|\n```",
    "> |a|b|\n> |-|-|",
    "- item\n\n  |a|\n  |-|",
    "Title\n---\ntext",
  ])("leaves %j as it is", (text) => {
    expect(replaceTables(text, 64)).toBe(text);
  });

  it("leaves no table, loses no word, and is split with every fence closed", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    const table = fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 4 }), fc.array(word, { maxLength: 40 }))
      .map(([header, cells]) => {
        const rows: string[][] = [];
        for (let at = 0; at < cells.length; at += header.length) {
          rows.push(cells.slice(at, at + header.length));
        }
        const lines = [header, header.map(() => "---"), ...rows];
        return lines.map((row) => `| ${row.join(" | ")} |`).join("\n");
      });
    const text = fc
      .array(fc.oneof(table, word), { maxLength: 6 })
      .map((parts) => parts.join("\n\n"));
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 80 }), (markdown, maxColumns) => {
        const shown = replaceTables(markdown, maxColumns);
        expect(shown).not.toMatch(/^\| ---/m);
        const wordsOf = (of: string) => new Set(of.match(/[a-z0-9]+/g) ?? []);
        for (const each of wordsOf(markdown)) expect(wordsOf(shown)).toContain(each);
        for (const part of splitText(shown, 200)) {
          expect((part.match(/^```/gm) ?? []).length % 2).toBe(0);
        }
      }),
      { numRuns: 200 },
    );
  });
});
