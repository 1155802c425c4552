import { parseEnv } from "node:util";

/** A `.env` file that was read. */
export interface EnvFile {
  readonly path: string;
  readonly text: string;
}

export interface LayeredEnv {
  readonly values: Readonly<Record<string, string>>;
  /** Lines of the files that say nothing, or probably not what is meant; one text each. */
  readonly warnings: readonly string[];
}

const NAME = /^[A-Za-z_][\w.-]*$/;

/** The real environment wins over the files, and an earlier file over a later one. A name that is set to nothing is set. */
export function layerEnv(
  env: Readonly<Record<string, string | undefined>>,
  files: readonly EnvFile[],
): LayeredEnv {
  const read = files.map(readEnvFile);
  const real = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    values: Object.assign(
      {},
      ...read.map(({ values }) => values).reverse(),
      Object.fromEntries(real),
    ),
    warnings: read.flatMap(({ warnings }) => warnings),
  };
}

function readEnvFile({ path, text }: EnvFile): LayeredEnv {
  const source = text.replace(/^\uFEFF/, "");
  const values: Record<string, string> = {};
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(parseEnv(source))) {
    // The parser takes a line without "=" for the beginning of the next name.
    const name = key.split("\n").at(-1)?.trim() ?? key;
    for (const stray of key.split("\n").slice(0, -1)) warnings.push(strayLine(path, source, stray));
    if (NAME.test(name)) {
      values[name] = value ?? "";
      warnings.push(...openQuote(path, source, { name, value: value ?? "" }));
    } else warnings.push(strayLine(path, source, name));
  }
  return { values, warnings };
}

/** A quote that has no end on its line: the parser takes it for a character, or reads on to the next quote below. */
function openQuote(
  path: string,
  source: string,
  { name, value }: { name: string; value: string },
): readonly string[] {
  const setting = new RegExp(`^\\s*(?:export\\s+)?${escapeRegExp(name)}\\s*=\\s*(["'\`])`);
  const lines = source.split("\n");
  const index = lines.findLastIndex((line) => setting.test(line));
  const quote = setting.exec(lines[index] ?? "")?.[1];
  if (quote === undefined) return [];
  const swallowed = value
    .split("\n")
    .slice(1)
    .some((line) => SETTING.test(line));
  if (!value.startsWith(quote) && !swallowed) return [];
  const what = `the value of ${name} begins with a quote (${quote}) that has no end on this line`;
  return [`${path}:${index + 1}: ${what}; write ${quote} after the value too`];
}

const SETTING = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=/;
const escapeRegExp = (text: string) => text.replaceAll(".", "\\.");

function strayLine(path: string, source: string, stray: string): string {
  const line = source.split("\n").findIndex((text) => text.trim().startsWith(stray.trim())) + 1;
  return `${path}:${line}: this line is not a setting; write NAME=value`;
}
