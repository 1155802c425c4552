import { parseEnv } from "node:util";
import { errorCode, UserError } from "../../runtime/errors.ts";
import type { CommandContext } from "../context.ts";

/** Adds lines to the workspace's `.env` (mode 0600). Rejects with a UserError if one of the names is set there. */
export async function addToEnv(
  { paths, files }: CommandContext,
  secrets: readonly (readonly [name: string, value: string])[],
): Promise<void> {
  if (secrets.length === 0) return;
  const before = await readEnv(paths.env, files);
  const known = parseEnv(before);
  for (const [name, value] of secrets) {
    if (known[name] !== undefined && known[name] !== value) {
      throw new UserError(`Cannot set ${name}: ${paths.env} sets it already; edit it there`);
    }
  }
  const fresh = secrets.filter(([name]) => known[name] === undefined);
  const lines = fresh.map(([name, value]) => `${name}=${quoted(name, value)}\n`);
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  await files.makeDirectory(paths.root);
  await files.replace(paths.env, before + gap + lines.join(""), { sync: true });
}

async function readEnv(path: string, files: CommandContext["files"]): Promise<string> {
  try {
    return await files.read(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw error;
  }
}

/** Quoted so that the file says exactly this value. */
function quoted(name: string, value: string): string {
  const forms = [value, `'${value}'`, `"${value}"`, `\`${value}\``];
  const form = forms.find((text) => parseEnv(`${name}=${text}\n`)[name] === value);
  if (form !== undefined && !value.includes("\n")) return form;
  throw new UserError(`Cannot write ${name} into .env: it has line breaks or every kind of quote`);
}
