import { expect, test } from "vitest";
import { type FrontMatter, parseFrontMatter } from "../../src/workspace/front-matter.ts";

function parsed(text: string): FrontMatter {
  const result = parseFrontMatter(text);
  if (result.kind === "broken") throw new Error(`line ${result.line}: ${result.message}`);
  return result.frontMatter;
}

test("parseFrontMatter gives the settings and the body", () => {
  const { values, body } = parsed("---\nname: Pickle\nllm:\n  model: x\n---\n\nYou are.\n");
  expect(values).toEqual({ name: "Pickle", llm: { model: "x" } });
  expect(body).toBe("\nYou are.\n");
});

test.each([
  ["no front matter", "# Title\n\n---\na: b\n---\n"],
  ["a line across the page", "---\n\nWords: and more of them\n"],
  ["a first line that only begins alike", "----\nname: x\n---\n"],
  ["an empty text", ""],
])("parseFrontMatter takes %s as all body", (_name, text) => {
  expect(parsed(text)).toMatchObject({ values: {}, body: text });
});

test("parseFrontMatter ends at the first mark and keeps later ones in the body", () => {
  expect(parsed("---\na: 1\n---\nx\n---\ny\n").body).toBe("x\n---\ny\n");
});

test.each([
  ["Windows line ends", "---\r\na: 1\r\n---\r\nbody", { values: { a: 1 }, body: "body" }],
  ["a byte order mark", "\uFEFF---\na: 1\n---\nbody", { values: { a: 1 }, body: "body" }],
  ["an empty mapping", "---\n---\nbody", { values: {}, body: "body" }],
  ["only comments", "---\n# nothing\n---\nbody", { values: {}, body: "body" }],
  ["no line end after the second mark", "---\na: 1\n---", { values: { a: 1 }, body: "" }],
])("parseFrontMatter understands %s", (_name, text, expected) => {
  expect(parsed(text)).toMatchObject(expected);
});

test.each([
  ["a syntax error", "---\nname: x\nllm: [1\n---\n", 4],
  ["a key given twice", "---\nname: x\na: 1\nname: y\n---\n", 4],
  ["something that is no mapping", "---\n- a\n- b\n---\n", 2],
  ["an alias without an anchor", "---\na: *nothing\n---\n", 2],
])("parseFrontMatter reports %s with its line", (_name, text, line) => {
  expect(parseFrontMatter(text)).toMatchObject({ kind: "broken", line });
});

test("parseFrontMatter reports settings without an end, which are no body", () => {
  expect(parseFrontMatter("---\nname: x\nno end")).toEqual({
    kind: "broken",
    line: 1,
    message: "the settings at the top have no end; write a line `---` after them",
  });
});

test("lineOf counts in the whole file and falls back to the nearest key above", () => {
  const { lineOf } = parsed("---\nname: x\n\nllm:\n  model: y\n  temperature: 1\n---\n");
  expect(lineOf(["name"])).toBe(2);
  expect(lineOf(["llm", "temperature"])).toBe(6);
  expect(lineOf(["llm", "missing"])).toBe(4);
  expect(lineOf(["missing"])).toBe(2);
});
