import { describe, expect, test } from "vitest";
import { createRedactor } from "../../src/runtime/redact.ts";

const TOKEN = "123456:AAE-x_y";

describe("createRedactor", () => {
  test("replaces every secret that it knows, wherever it stands", () => {
    const { redact } = createRedactor(["sk-very-secret"]);
    expect(redact('{"a":"sk-very-secret","b":"x sk-very-secret y"}')).toBe(
      '{"a":"[secret]","b":"x [secret] y"}',
    );
  });

  test("learns secrets and forgets none", () => {
    const redactor = createRedactor(["first-secret"]);
    expect(redactor.redact("second-secret")).toBe("second-secret");
    redactor.add(["second-secret"]);
    expect(redactor.redact("first-secret second-secret")).toBe("[secret] [secret]");
  });

  test("knows a secret in a URL and in JSON", () => {
    const { redact } = createRedactor(['pa"ss\\word+1']);
    expect(redact(`u=${encodeURIComponent('pa"ss\\word+1')}`)).toBe("u=[secret]");
    expect(redact(JSON.stringify({ p: 'pa"ss\\word+1' }))).toBe('{"p":"[secret]"}');
  });

  test("leaves nothing of a secret that begins with another one", () => {
    const { redact } = createRedactor(["abcdefgh", "abcdefgh-and-more"]);
    expect(redact("abcdefgh-and-more")).toBe("[secret]");
  });

  test("takes a secret as text, not as a pattern", () => {
    const { redact } = createRedactor(["a.c*(e)+g$"]);
    expect(redact("a.c*(e)+g$ abcceg")).toBe("[secret] abcceg");
  });

  test("leaves ordinary words alone that serve as a key somewhere", () => {
    const { redact } = createRedactor(["none", "ollama", ""]);
    expect(redact("none of ollama's models")).toBe("none of ollama's models");
  });

  test("knows a bot token that is short", () => {
    expect(createRedactor(["42:T"]).redact("token 42:T")).toBe("token [secret]");
  });

  test.each([
    [
      `https://api.telegram.org/bot${TOKEN}/getUpdates?x=1`,
      "https://api.telegram.org/bot[secret]/getUpdates?x=1",
    ],
    [`/file/bot${TOKEN}/photo.jpg`, "/file/bot[secret]/photo.jpg"],
    ["/bot123456%3AAAE-x_y/getMe", "/bot[secret]/getMe"],
    ["Authorization: Bearer abc.def", "Authorization: [secret]"],
    ["authorization: Bot MTIz.abc", "authorization: [secret]"],
    ['{"authorization":"Bearer abc def"}', '{"authorization":"[secret]"}'],
    ['{"Authorization":["Bot abc"]}', '{"Authorization":["[secret]"]}'],
    ['{"rawHeaders":["Authorization","Bot abc"]}', '{"rawHeaders":["Authorization","[secret]"]}'],
    ['{"x-api-key":"abc"}', '{"x-api-key":"[secret]"}'],
    ["sent Bearer abc123def456", "sent Bearer [secret]"],
    ["https://g.example/v1?key=AIza123&alt=sse", "https://g.example/v1?key=[secret]&alt=sse"],
  ])("knows credentials that were never configured by their place: %s", (text, shown) => {
    expect(createRedactor().redact(text)).toBe(shown);
  });

  test.each([
    '{"authorization":null,"level":"info"}',
    '{"msg":"a bearer of good news"}',
    '{"msg":"robot123:5 is at /bots/1"}',
    '{"authorization":"Bearer a\\"b","x":1}',
    '{"msg":"{\\"authorization\\":\\"Bearer abc\\"}"}',
  ])("leaves a line of JSON one: %s", (line) => {
    expect(() => JSON.parse(createRedactor().redact(line))).not.toThrow();
  });
});
