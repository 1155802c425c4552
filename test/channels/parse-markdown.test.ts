import { describe, expect, it } from "vitest";
import { parseMarkdown } from "../../src/channels/parse-markdown.ts";
import { renderMarkdown } from "../../src/channels/render-markdown.ts";

function shown(markdown: string): string {
  const tree = parseMarkdown(markdown);
  if (!tree) throw new Error("Cannot parse: too deep");
  return renderMarkdown(tree).text;
}

describe("parseMarkdown", () => {
  it.each([
    "https://a.b/_c_/*d*?e=~~f~~",
    "www.a.b/_c_",
    "see http://a.b/__init__.py and (www.a.b/*c*) too",
    "https://a.b/?c=1&copy;=2",
    "a_b_c@d.org",
  ])("shows a bare address as it is: %s", (text) => {
    expect(shown(text)).toBe(text);
  });

  it("ends a bare address before the signs that end a style or a link around it", () => {
    expect(shown("**https://a.b/c_d**, *www.a.b/_c_*. [https://a.b](https://a.b)")).toBe(
      "https://a.b/c_d, www.a.b/_c_. https://a.b",
    );
  });

  it.each([
    '<b title="*a*">',
    "<!-- **a** -->",
    "<details>\n*a* `b`\n</details>",
    "<script>\n\na*b*c\n</script>",
    "<https://a.b",
  ])("shows HTML as it was written: %j", (html) => {
    expect(shown(html)).toBe(html);
  });

  it("keeps footnotes where they were written, those that nothing refers to too", () => {
    expect(shown("a[^1]\n\n[^1]: one\n    more\n\nb\n\n[^2]: two")).toBe(
      "a[1]\n\n[1] one\nmore\n\nb\n\n[2] two",
    );
    expect(shown("a[^1]")).toBe("a[^1]");
  });

  it("keeps the cells that a row has more than the header", () => {
    expect(shown("|a|\n|-|\n|`x|y`|").split("\n")).toEqual(["a  |", "---+---", "`x | y`"]);
    expect(shown("> a|b\n> -|-\n> 1|2|3\\|4|**5**").split("\n").at(-1)).toContain("3|4 | 5");
  });

  it("shows a table as it was written where most of its cells are missing", () => {
    const wide = `${"|a".repeat(200)}|\n${"|-".repeat(200)}|\n|b|\n|c|\n|d|`;
    expect(shown(wide)).toBe(wide);
    expect(parseMarkdown(`${wide}\n\n|a|\n|-|`)?.map(({ type }) => type)).toEqual([
      "paragraph",
      "table",
    ]);
  });

  it.each([`|a|b|\n|-|-|\n${"|||\n".repeat(400)}`, `|a|\n|-|\n${"|".repeat(2_000)}`])(
    "shows a table as it was written where most of its cells are empty: %#",
    (text) => {
      expect(shown(text)).toBe(text.trim());
    },
  );

  it("shows a full table of any size in columns", () => {
    const full = `|a|b|\n|-|-|\n${"|c|d|\n".repeat(2_000)}`;
    expect(parseMarkdown(full)?.map(({ type }) => type)).toEqual(["table"]);
  });

  it("tells tasks from links and words in brackets", () => {
    expect(shown("- [x] a\n- [X]  b\n- [ ] c\n- [x](https://a.b)\n- [y] d\n- [x]")).toBe(
      "☑ a\n☑ b\n☐ c\n• x\n• [y] d\n• [x]",
    );
  });

  it("puts no link into a link", () => {
    expect(parseMarkdown("[**![c](https://a.b/c.png)** d](https://a.b)")).toEqual([
      {
        type: "paragraph",
        children: [
          {
            type: "link",
            url: "https://a.b",
            children: [
              { type: "strong", children: [{ type: "text", value: "c" }] },
              { type: "text", value: " d" },
            ],
          },
        ],
      },
    ]);
  });

  it("knows formulas of several lines, in quotes too", () => {
    const formula = [{ type: "formula", value: "a\n+ b_1 * c_2 * d" }];
    expect(parseMarkdown("$$\na\n+ b_1 * c_2 * d\n$$")).not.toEqual(formula);
    expect(parseMarkdown("$$\na\n\\+ b\n$$")).toEqual([{ type: "formula", value: "a\n\\+ b" }]);
    expect(parseMarkdown("> $$\n> x\n> $$")).toEqual([
      { type: "blockquote", children: [{ type: "formula", value: "x" }] },
    ]);
  });
});
