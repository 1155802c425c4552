import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { checkFrontMatter, findDefinitions } from "../../src/workspace/definitions.ts";
import { parseFrontMatter } from "../../src/workspace/front-matter.ts";
import { tempFolder } from "../builders/temp-folder.ts";

const find = (folder: string) => findDefinitions(folder, "AGENT.md", nodeFileOps);

async function define(folder: string, id: string): Promise<void> {
  await mkdir(join(folder, id), { recursive: true });
  await writeFile(join(folder, id, "AGENT.md"), "x");
}

test("findDefinitions finds the folders that have the file, sorted", async () => {
  const folder = await tempFolder();
  for (const id of ["pickle", "cookie", "a-1_b"]) await define(folder, id);
  await writeFile(join(folder, "README.md"), "x");
  await define(folder, ".hidden");
  expect(await find(folder)).toEqual({ ids: ["a-1_b", "cookie", "pickle"], problems: [] });
});

test("findDefinitions finds nothing where there is no folder", async () => {
  const folder = join(await tempFolder(), "agents");
  expect(await find(folder)).toEqual({ ids: [], problems: [] });
});

test("findDefinitions tells of a folder without the file, and finds the rest", async () => {
  const folder = await tempFolder();
  await define(folder, "pickle");
  await mkdir(join(folder, "empty"));
  expect(await find(folder)).toMatchObject({
    ids: ["pickle"],
    problems: [{ file: join(folder, "empty"), message: /there is no AGENT\.md/ }],
  });
});

// weaknesses.md W-A8, 3.6 #13.
test.each(["Pickle", "a b", "a.b", "x".repeat(65), "-a"])(
  "findDefinitions refuses %j as an id",
  async (id) => {
    const folder = await tempFolder();
    await define(folder, id);
    const { ids, problems } = await find(folder);
    expect(ids).toEqual([]);
    expect(problems).toMatchObject([{ message: expect.stringContaining("rename the folder") }]);
  },
);

// weaknesses.md 3.6 #13.
test("findDefinitions follows no symbolic link, neither of a folder nor of the file", async () => {
  const folder = await tempFolder();
  const outside = await tempFolder();
  await define(outside, "secret");
  await symlink(join(outside, "secret"), join(folder, "linked"));
  await mkdir(join(folder, "half"));
  await symlink(join(outside, "secret", "AGENT.md"), join(folder, "half", "AGENT.md"));
  const { ids, problems } = await find(folder);
  expect(ids).toEqual([]);
  expect(problems.map(({ message }) => message)).toEqual([
    "AGENT.md must be a regular file, not a link or a folder",
    "it is a symbolic link, which is not followed: use a real folder",
  ]);
});

const schema = z.strictObject({
  name: z.string(),
  description: z.string().default(""),
  llm: z
    .strictObject({ model: z.string().optional(), temperature: z.number().max(2).optional() })
    .transform((llm) => llm)
    .optional(),
});

function check(yaml: string) {
  const result = parseFrontMatter(`---\n${yaml}\n---\nbody`);
  if (result.kind === "broken") throw new Error(result.message);
  return checkFrontMatter(result.frontMatter, schema);
}

test("checkFrontMatter gives the checked settings", () => {
  expect(check("name: x")).toEqual({ kind: "valid", value: { name: "x", description: "" } });
});

test.each([
  ["name: x\ndescripton: y", 3, "unknown key `descripton`; did you mean `description`?"],
  ["name: x\nllm:\n  modle: y", 4, "unknown key `modle`; did you mean `model`?"],
  ["name: x\ncolour: y", 3, "unknown key `colour`; use one of: name, description, llm"],
  ["description: y", 2, "`name` is missing; add it"],
  ["name: x\nllm:\n  temperature: 3", 4, "`llm.temperature` is 3; write at most 2"],
  ["name: x\nllm: 5", 3, "`llm` is 5; write a mapping (lines of `key: value` under it)"],
  ["name: 42", 2, "`name` is 42; write a text"],
  ["nam: x", 2, "unknown key `nam`; did you mean `name`?"],
])("checkFrontMatter explains %j", (yaml, line, message) => {
  expect(check(yaml)).toEqual({ kind: "broken", line, message });
});
