import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMarkdown } from "../../../src/channels/parse-markdown.ts";
import { renderMarkdown } from "../../../src/channels/render-markdown.ts";
import type { Entity } from "../../../src/channels/styled-text.ts";
import { formsOf } from "../../../src/channels/telegram/forms.ts";
import { needsRichMessage, richBlocks } from "../../../src/channels/telegram/rich.ts";
import { checkEntities } from "../../fakes/telegram/entities.ts";
import { checkRichMessage } from "../../fakes/telegram/rich.ts";
import { HOSTILE } from "../hostile-text.ts";

function parsed(markdown: string) {
  const tree = parseMarkdown(markdown);
  if (!tree) throw new Error("Cannot parse: too deep");
  return tree;
}
const render = (markdown: string) => renderMarkdown(parsed(markdown));
/** "bold:words" for each entity, with the words that it covers. */
function styles(markdown: string): string[] {
  const { text, entities } = render(markdown);
  const words = ({ offset, length }: Entity) => text.slice(offset, offset + length);
  return entities.map((entity) => `${entity.type}:${words(entity)}`);
}

describe("renderMarkdown", () => {
  it("shows inline styles", () => {
    expect(render("**bold** *italic* ~~gone~~ `code`").text).toBe("bold italic gone code");
    expect(styles("**bold** *italic* ~~gone~~ `code`")).toEqual([
      "bold:bold",
      "italic:italic",
      "strikethrough:gone",
      "code:code",
    ]);
  });

  it("nests styles, and keeps them off code", () => {
    expect(styles("**a *b* c**")).toEqual(["bold:a b c", "italic:b"]);
    expect(styles("**a `b` c**")).toEqual(["bold:a ", "code:b", "bold: c"]);
    expect(styles("***x***")).toEqual(["italic:x", "bold:x"]);
  });

  // peers #40.
  it("counts offsets in UTF-16 units", () => {
    const { text, entities } = render("😀👩‍👩‍👧 **fett**");
    expect(text.slice(entities[0]?.offset)).toBe("fett");
    expect(entities[0]?.offset).toBe(11);
  });

  it("links http, https and tg, and shows every other target in words", () => {
    expect(render("[site](https://a.b/x_y_z)").entities).toEqual([
      { type: "text_link", url: "https://a.b/x_y_z", offset: 0, length: 4 },
    ]);
    expect(styles("[me](tg://user?id=1)")).toEqual(["text_link:me"]);
    expect(render("[click](javascript:alert(1))")).toEqual({
      text: "click (javascript:alert(1))",
      entities: [],
    });
    expect(render("[mail](mailto:a@b.c)").text).toBe("mail (a@b.c)");
    expect(render("[here](../file.md)").text).toBe("here (../file.md)");
    expect(render("[](https://a.b)").text).toBe("https://a.b");
  });

  it("leaves bare addresses to Telegram", () => {
    for (const bare of ["https://a.b/c_d_e?f=*g*", "www.a-b.org", "a@b.org", "<https://a.b>"]) {
      expect(render(bare)).toEqual({ text: bare.replace(/[<>]/g, ""), entities: [] });
    }
  });

  it("resolves references, and leaves unknown ones as they are", () => {
    expect(styles("[a][one]\n\n[one]: https://a.b")).toEqual(["text_link:a"]);
    expect(render("[a][none] and [b]").text).toBe("[a][none] and [b]");
  });

  it("prefers a link to the code in it", () => {
    expect(styles("[`fetch`](https://a.b)")).toEqual(["text_link:fetch"]);
  });

  it("shows code blocks with their language, raw", () => {
    const { text, entities } = render("see:\n\n```ts\nconst a = `*b*`;\n\n  c();\n```\n\nend");
    expect(text).toBe("see:\n\nconst a = `*b*`;\n\n  c();\n\nend");
    expect(entities).toEqual([{ type: "pre", language: "ts", offset: 6, length: 24 }]);
    expect(styles("    indented")).toEqual(["pre:indented"]);
    expect(render("```\nnever closed").text).toBe("never closed");
  });

  it("shows headings in bold and paragraphs apart", () => {
    expect(render("# One **two**\ntext\n\n\n\nmore").text).toBe("One two\n\ntext\n\nmore");
    expect(styles("# One **two**")).toEqual(["bold:One two"]);
  });

  it("keeps the line breaks of a paragraph", () => {
    expect(render("one\ntwo  \nthree\\\nfour").text).toBe("one\ntwo\nthree\nfour");
  });

  it("shows lists with their numbers, boxes and levels", () => {
    expect(render("- a\n- b\n  - c\n    more\n  - d").text).toBe(
      "• a\n• b\n  • c\n    more\n  • d",
    );
    expect(render("3. a\n4. b").text).toBe("3. a\n4. b");
    expect(render("1) a\n2) b").text).toBe("1) a\n2) b");
    expect(render("- [x] done\n- [ ] open").text).toBe("☑ done\n☐ open");
    expect(render("- a\n\n- b").text).toBe("• a\n\n• b");
    expect(render("-\n- b").text).toBe("• \n• b");
  });

  it("shows quotes, and a quote in a quote as in a mail", () => {
    expect(styles("> one\n> two")).toEqual(["blockquote:one\ntwo"]);
    const { text, entities } = render("> outer\n>\n> > inner\n> > more");
    expect(text).toBe("outer\n\n> inner\n> more");
    expect(entities).toEqual([{ type: "blockquote", offset: 0, length: text.length }]);
  });

  it("shows tables in columns", () => {
    const { text, entities } = render("| a | long head |\n|---|---:|\n| **x** | 1 |\n| 日本 | 2 |");
    expect(text.split("\n")).toEqual([
      "a    | long head",
      "-----+----------",
      "x    |         1",
      "日本 |         2",
    ]);
    expect(entities.map(({ type }) => type)).toEqual(["pre"]);
  });

  it("shows raw HTML as words", () => {
    expect(render("a <b>b</b> <script>x</script>").text).toBe("a <b>b</b> <script>x</script>");
    expect(render("<div>\nhello\n</div>").text).toBe("<div>\nhello\n</div>");
    expect(render("<!-- hidden -->").text).toBe("<!-- hidden -->");
  });

  it("shows images, rules, footnotes and formulas in words", () => {
    expect(styles("![cat](https://a.b/c.png)")).toEqual(["text_link:cat"]);
    expect(render("a\n\n---\n\nb").text).toBe("a\n\n———\n\nb");
    expect(render("a[^1]\n\n[^1]: note").text).toBe("a[1]\n\n[1] note");
    expect(styles("$$a_1 * b_2 * c$$")).toEqual(["pre:a_1 * b_2 * c"]);
  });

  it("shows at most as many entities as Telegram does", () => {
    const [form] = formsOf({ text: "**a** ".repeat(150) }, true).forms;
    expect(form).toMatchObject({ kind: "text", entities: { length: 100 } });
  });
});

/** Asserts that Telegram takes every form of the text, and that no word is lost in the last one. */
function expectTakeable(markdown: string): void {
  const { forms } = formsOf({ text: markdown }, true);
  for (const form of forms) {
    if (form.kind === "text") checkEntities(form.text, form.entities);
    else checkRichMessage({ blocks: form.blocks });
  }
  expect(forms.at(-1)).toEqual({ kind: "text", text: markdown, entities: [] });
}

function expectNested(entities: readonly Entity[], text: string): void {
  const ends: number[] = [];
  let last = 0;
  for (const { offset, length } of entities) {
    expect(offset).toBeGreaterThanOrEqual(last);
    last = offset;
    expect(length).toBeGreaterThan(0);
    expect(offset + length).toBeLessThanOrEqual(text.length);
    while (ends.length > 0 && (ends.at(-1) ?? 0) <= offset) ends.pop();
    if (ends.length > 0) expect(offset + length).toBeLessThanOrEqual(ends.at(-1) ?? 0);
    ends.push(offset + length);
  }
}

describe("formsOf", () => {
  // peers #39.
  it.each(HOSTILE.map((text) => [text.slice(0, 40), text]))("makes something of %j", (_, text) => {
    expectTakeable(text);
  });

  it("makes only takeable forms of any Markdown", () => {
    const tokens = fc.constantFrom(
      ..."* ** _ __ ` ``` ~~ [ ] ( ) ![ ](https://a.b) > - 1. # | |-| \n \n\n \\ < > &amp; $$ [^1] 😀 שלום é https://x.y/z_ word www.a.b".split(
        " ",
      ),
      " ",
      "\n",
      "    ",
    );
    const markdown = fc
      .array(fc.oneof(tokens, fc.string({ unit: "grapheme", maxLength: 5 })), { maxLength: 60 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(markdown, (text) => {
        const tree = parseMarkdown(text);
        if (!tree) return;
        const rendered = renderMarkdown(tree);
        expectNested(rendered.entities, rendered.text);
        if (text.trim() !== "") expectTakeable(text);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it("loses no word of plain prose", () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9äöüß,;?!'"%=]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
        expect(render(words.join(" ")).text).toBe(words.join(" "));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    `${"- ".repeat(2000)}x`,
    `${"> ".repeat(1500)}x`,
    Array.from({ length: 60 }, (_, depth) => `${"  ".repeat(depth)}- x`).join("\n"),
    `${"*a **b ".repeat(60)}x${" b** a*".repeat(60)}`,
  ])("gives up on nesting that nobody reads: %#", (text) => {
    expect(formsOf({ text }, true).forms).toEqual([{ kind: "text", text, entities: [] }]);
  });

  it("takes a rich message for tables, formulas, outlines and nested lists only", () => {
    const rich = [
      "|a|\n|-|\n|b|",
      "# a\n\n## b",
      "- a\n  - b",
      "$$x$$",
      "```math\nx\n```",
      "> |a|\n> |-|",
    ];
    const simple = ["# a\n\ntext", "- a\n- b", "**a** `b`", "> a", "```ts\nx\n```", "costs $5"];
    expect(rich.filter((text) => !needsRichMessage(parsed(text)))).toEqual([]);
    expect(simple.filter((text) => needsRichMessage(parsed(text)))).toEqual([]);
    expect(formsOf({ text: "- a\n  - b" }, true).forms.map(({ kind }) => kind)).toEqual([
      "rich",
      "text",
      "text",
    ]);
    expect(formsOf({ text: "- a\n  - b" }, false).forms.map(({ kind }) => kind)).toEqual([
      "text",
      "text",
    ]);
  });

  it.each([
    ["lists in lists", `${"- ".repeat(15)}x`, `${"- ".repeat(14)}x`],
    ["styles in styles", `> - - a\n> - ${"*a **b ".repeat(7)}x${" b** a*".repeat(7)}`, "- - a"],
    [
      "columns",
      `${"|a".repeat(21)}|\n${"|-".repeat(21)}|`,
      `${"|a".repeat(20)}|\n${"|-".repeat(20)}|`,
    ],
    ["rows", `|a|\n|-|\n${"|b|\n".repeat(500)}`, `|a|\n|-|\n${"|b|\n".repeat(400)}`],
    ["items", `- - x\n${"- x\n".repeat(300)}`, `- - x\n${"- x\n".repeat(200)}`],
    ["blocks", `# a\n# b\n${"c\n\n".repeat(500)}`, `# a\n# b\n${"c\n\n".repeat(400)}`],
  ])("makes no rich message of more %s than Telegram takes", (_, large, small) => {
    const kinds = (text: string) => formsOf({ text }, true).forms.map(({ kind }) => kind);
    expect(kinds(large)).not.toContain("rich");
    expect(kinds(small)).toContain("rich");
    expectTakeable(small);
  });

  // The second once came up by chance in "makes only takeable forms of any Markdown".
  it.each(["> |a|\n> |-|", "* *", "> - -", "|||\n|-|-|", "- -\n\n---"])(
    "makes no rich message without words: %j",
    (text) => {
      const isRich = formsOf({ text }, true).forms.some(({ kind }) => kind === "rich");
      expect(isRich).toBe(text.includes("a"));
      expectTakeable(text);
    },
  );

  it("puts the label first, and moves the entities behind it", () => {
    const { label, forms } = formsOf({ text: "**a**", label: "again?" }, true);
    expect(label).toBeUndefined();
    expect(forms[0]).toEqual({
      kind: "text",
      text: "again?\na",
      entities: [{ type: "bold", offset: 7, length: 1 }],
    });
    expect(forms.at(-1)).toMatchObject({ text: "again?\n**a**" });
  });

  it("sends the label by itself when both do not fit", () => {
    const { label, forms } = formsOf({ text: "x".repeat(4096), label: "again?" }, true);
    expect(label).toBe("again?");
    expect(forms.at(-1)).toMatchObject({ text: "x".repeat(4096) });
  });

  it("shows the source where its form would be too long", () => {
    const table = `|${"b".repeat(60)}|a|\n|-|-|\n${"|x|y|\n".repeat(100)}`.trim();
    expect(formsOf({ text: table }, false).forms).toEqual([
      { kind: "text", text: table, entities: [] },
    ]);
  });

  it("shows the source of what renders to nothing", () => {
    const text = "[a]: https://a.b";
    expect(formsOf({ text }, true).forms).toEqual([{ kind: "text", text, entities: [] }]);
  });
});

describe("richBlocks", () => {
  it("keeps the structure, and raw HTML as words", () => {
    const blocks = richBlocks(
      parsed(
        "# T\n\n| a | b |\n|---|--:|\n| **x** | <b>1</b> |\n\n1. one\n   - [x] sub\n\n$$a_b$$",
      ),
    );
    expect(blocks).toEqual([
      { type: "heading", size: 1, text: ["T"] },
      {
        type: "table",
        is_bordered: true,
        cells: [
          [
            { text: ["a"], align: "left", valign: "top", is_header: true },
            { text: ["b"], align: "right", valign: "top", is_header: true },
          ],
          [
            { text: [{ type: "bold", text: ["x"] }], align: "left", valign: "top" },
            { text: ["<b>1</b>"], align: "right", valign: "top" },
          ],
        ],
      },
      {
        type: "list",
        items: [
          {
            type: "1",
            value: 1,
            blocks: [
              { type: "paragraph", text: ["one"] },
              {
                type: "list",
                items: [
                  {
                    blocks: [{ type: "paragraph", text: ["sub"] }],
                    has_checkbox: true,
                    is_checked: true,
                  },
                ],
              },
            ],
          },
        ],
      },
      { type: "mathematical_expression", expression: "a_b" },
    ]);
  });
});
