import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const HERE = import.meta.dirname;
const CITATION = /peers #(\d+(?:, #\d+)*)/g;
const TABLE_ROW = /^\| (\d+) \|.*\| (.*) \|$/gm;
const ROWS = Array.from({ length: 55 }, (_, index) => String(index + 1));

const page = readFileSync(join(HERE, "../docs/complaints.md"), "utf8");

/** The rows that a file cites. */
function citedIn(file: string): readonly string[] {
  const text = readFileSync(join(HERE, file), "utf8");
  return [...text.matchAll(CITATION)].flatMap(([, list = ""]) => list.split(", #"));
}

/** The files that the table names, by row. */
const named = new Map(
  [...page.matchAll(TABLE_ROW)].map(([, row = "", shown = ""]) => [
    row,
    [...shown.matchAll(/`([^`]+\.ts)`/g)].map(([, file = ""]) => file),
  ]),
);

test("docs/complaints.md has every row, and says of each without a test why there is none", () => {
  expect([...named.keys()]).toEqual(ROWS);
  const without = ROWS.filter((row) => named.get(row)?.length === 0);
  expect(without).toEqual(["49", "50"]);
});

test("docs/complaints.md names tests that cite the row", () => {
  const wrong = ROWS.flatMap((row) =>
    (named.get(row) ?? [])
      .filter((file) => !existsSync(join(HERE, file)) || !citedIn(file).includes(row))
      .map((file) => `#${row}: ${file}`),
  );
  expect(wrong).toEqual([]);
});

test("docs/complaints.md has every row that a test cites", () => {
  const files = readdirSync(HERE, { recursive: true, encoding: "utf8" });
  const cited = new Set(files.filter((name) => name.endsWith(".ts")).flatMap(citedIn));
  expect([...cited].filter((row) => (named.get(row) ?? []).length === 0)).toEqual([]);
});

test("docs/complaints.md names files and folders that are there", () => {
  const paths = [...page.matchAll(/`([\w-]+\/[\w./-]*)`/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(80);
  const missing = paths.filter((path) => !existsSync(join(HERE, path.replace(/^test\//, ""))));
  expect(missing).toEqual([]);
});
