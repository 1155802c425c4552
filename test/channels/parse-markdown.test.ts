import fc from "fast-check";
import type { Nodes } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { describe, expect, test } from "vitest";
import { parseMarkdown } from "../../src/channels/parse-markdown.ts";

const remark = unified().use(remarkParse).use(remarkGfm).freeze();

/** A tree without the places of its nodes. */
const shape = (root: Nodes | undefined): unknown =>
  JSON.parse(JSON.stringify(root, (key, value) => (key === "position" ? undefined : value)));

const WORDS = [
  "fine",
  "It",
  "m12",
  "1",
  "20",
  "é",
  "😀",
  "w",
  "ww.",
  "www.",
  "http:",
  "//",
  "a@b.c",
];
const SIGNS = [" ", "  ", "\n", "\n\n", ".", ")", "(", "-", "+", "=", "#", ":", "!", "?", "'", '"'];
const MARKS = ["*", "_", "`", "[", "]", "<", "&amp;", "\\", "|", "~", "$", "\t", "\r"];

describe("a text without Markdown", () => {
  test.each(["It will stay fine. end m12", "one\ntwo\n\nthree: 4.5 (five)", "", "\n\n\na"])(
    "is not given to the parser: %j",
    (text) => {
      // The parser tells where each node is.
      expect(parseMarkdown(text)?.root.position).toBeUndefined();
      expect(shape(parseMarkdown(text)?.root)).toEqual(shape(remark.parse(text)));
    },
  );

  test.each(["[a]: b", "<b>", "a > b", "| a |\n| - |", "$$x$$", "a\0"])(
    "is no text with a sign that means something: %j",
    (text) => {
      expect(parseMarkdown(text)?.root.position).toBeDefined();
    },
  );

  // Red without any other of the signs that it looks for.
  test("is told from one with Markdown: the tree is the parser's, whatever the text", () => {
    const piece = fc.constantFrom(...WORDS, ...WORDS, ...SIGNS, ...SIGNS, ...MARKS);
    const text = fc.oneof(
      fc.array(fc.constantFrom(...WORDS, ...SIGNS), { maxLength: 12 }),
      fc.array(piece, { maxLength: 12 }),
    );
    fc.assert(
      fc.property(text, (pieces) => {
        const source = pieces.join("");
        expect(shape(parseMarkdown(source)?.root)).toEqual(shape(remark.parse(source)));
      }),
      { numRuns: 3_000, seed: 1 },
    );
  });
});
