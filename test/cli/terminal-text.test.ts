import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { terminalText } from "../../src/cli/chat/terminal-text.ts";

const COLOURFUL = { columns: 80, colourful: true };
const PLAIN = { columns: 80, colourful: false };
const ESC = "\u001b";

describe("terminalText", () => {
  it("shows styles, and no marks of Markdown", () => {
    expect(terminalText("**bold** *thin* ~~gone~~ `code`", COLOURFUL)).toBe(
      `${ESC}[1mbold${ESC}[22m ${ESC}[3mthin${ESC}[23m ${ESC}[9mgone${ESC}[29m ${ESC}[36mcode${ESC}[39m`,
    );
    expect(terminalText("**bold** *thin* `code`", PLAIN)).toBe("bold thin code");
  });

  it("shows headings, lists, quotes and links", () => {
    const text = "# Title\n\n- one\n- **two**\n\n> said\n> so\n\n[site](https://a.b/c)";
    expect(terminalText(text, PLAIN)).toBe(
      "Title\n\n• one\n• two\n\n│ said\n│ so\n\nsite (https://a.b/c)",
    );
  });

  it("keeps styles in quotes on their words", () => {
    expect(terminalText("> a **b**\n> *c*\n\n**d**", COLOURFUL)).toBe(
      `│ a ${ESC}[1mb${ESC}[22m\n│ ${ESC}[3mc${ESC}[23m\n\n${ESC}[1md${ESC}[22m`,
    );
  });

  it("shows a table with its columns under each other, and as a list on a narrow terminal", () => {
    const table = "|City|People|\n|-|-:|\n|Rome|3|";
    expect(terminalText(table, PLAIN)).toBe("City | People\n-----+-------\nRome |      3");
    expect(terminalText(table, { ...PLAIN, columns: 10 })).toBe("• City: Rome\n  People: 3");
  });

  it.each([
    ["a colour", `${ESC}[31mred`, "[31mred"],
    ["the title of the window", `${ESC}]0;owned\u0007x`, "]0;owned x".replace(" ", "")],
    ["a line that is overwritten", "safe\rrm -rf", "safe\nrm -rf"],
    ["a one-byte escape", "\u009b2Jx", "2Jx"],
    ["an escape as an entity", "&#27;[2J&#x9b;x", "\ufffd[2J\ufffdx"],
    ["an escape in code", `\`${ESC}[2J\``, "[2J"],
    ["an escape in a link", `[a](https://a.b/${ESC}[2J)`, "[a](https://a.b/[2J)"],
    ["text that is turned around", "a\u202eb", "ab"],
  ])("lets %s have no effect", (_, text, shown) => {
    expect(terminalText(text, PLAIN)).toBe(shown);
  });

  it("lets nothing steer the terminal but its own styles", () => {
    const piece = fc.oneof(
      fc.constantFrom(ESC, `${ESC}[2J`, `${ESC}]8;;http://x\u0007`, "\u009b", "\r", "\b", "\u007f"),
      fc.constantFrom("**", "*", "`", "```\n", "> ", "- ", "|a|\n|-|\n", "[x](http://", ")", "\n"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    const text = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (markdown) => {
        const shown = terminalText(markdown, COLOURFUL);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
        const rest = shown.replace(/\u001b\[(?:1|22|3|23|4|24|9|29|36|39)m/g, "");
        expect(rest).not.toMatch(/[^\P{Cc}\n\t]/u);
      }),
      { numRuns: 500 },
    );
  });
});
