import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROW = String.raw`(?:W-[A-Z]\d+|3\.6 #\d+|6\.\d+)`;
const CITATION = new RegExp(String.raw`weaknesses\.md (${ROW}(?:, ${ROW})*)`, "g");

const TABLE_ROW = new RegExp(String.raw`^\| (${ROW}) \|.*\| (.*) \|$`, "gm");

/** What the tests say: for each row, the files that cite it. */
function cited(): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts")).sort()) {
    const text = readFileSync(join(import.meta.dirname, file), "utf8");
    const ids = [...text.matchAll(CITATION)].flatMap(([, list = ""]) => list.split(", "));
    for (const id of new Set(ids)) rows[id] = [...(rows[id] ?? []), file];
  }
  return rows;
}

/** What the table says, but for what is not built yet. */
function listed(): Record<string, string[]> {
  const page = readFileSync(join(import.meta.dirname, "../docs/weaknesses.md"), "utf8");
  const rows: Record<string, string[]> = {};
  for (const [, id = "", shown = ""] of page.matchAll(TABLE_ROW)) {
    if (shown.startsWith("not yet: ")) continue;
    rows[id] = [...shown.matchAll(/`([^`]+\.ts)`/g)].map(([, file = ""]) => file);
  }
  return rows;
}

test("docs/weaknesses.md names just the tests that cite each of its rows", () => {
  const rows = listed();
  expect(Object.keys(rows).length).toBeGreaterThan(90);
  expect(rows).toEqual(cited());
});
