import { isAbsolute, join } from "node:path";
import * as z from "zod";
import { errorCode, errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Path, PlacedProblem } from "../workspace/settings/problem.ts";
import { isSecretKey } from "../workspace/settings/secret-key.ts";
import { isMapping } from "../workspace/settings/walk-yaml.ts";

export interface SecretDeps {
  readonly files: Pick<FileOps, "read">;
  /** What a relative path counts from. */
  readonly root: string;
  lineOf(path: Path): number;
  isUsed(path: Path): boolean;
}

export interface WithSecrets {
  readonly value: unknown;
  /** Every value under a key that is a secret's. */
  readonly secrets: readonly string[];
  readonly problems: readonly PlacedProblem[];
}

/** Reads `{ file: path }` where a secret is wanted; the line break at the file's end is not part of the secret. */
export async function readSecrets(value: unknown, deps: SecretDeps): Promise<WithSecrets> {
  const secrets: string[] = [];
  const problems: PlacedProblem[] = [];

  const secret = async (node: unknown, path: Path): Promise<unknown> => {
    const text = isSecretFile(node) ? await readSecretFile(node.file, path) : node;
    if (typeof text === "string" && text !== "") secrets.push(text);
    return text;
  };

  const readSecretFile = async (file: string, path: Path): Promise<string> => {
    const full = isAbsolute(file) ? file : join(deps.root, file);
    try {
      return (await deps.files.read(full)).trim();
    } catch (error) {
      const reason = errorCode(error) === "ENOENT" ? "there is no such file" : errorMessage(error);
      const what = `cannot read the secret in ${full}: ${reason}`;
      const remedy = "put the secret there, or correct the path";
      if (deps.isUsed(path)) problems.push({ path, line: deps.lineOf(path), what, remedy });
      return "";
    }
  };

  const visit = async (node: unknown, path: Path): Promise<unknown> => {
    if (Array.isArray(node)) {
      return Promise.all(node.map((item, index) => visit(item, [...path, index])));
    }
    if (!isMapping(node)) return node;
    const entries = Object.entries(node).map(async ([key, inner]): Promise<[string, unknown]> => {
      const at = [...path, key];
      return [key, await (isSecretKey(key) && !isGroup(inner) ? secret : visit)(inner, at)];
    });
    return Object.fromEntries(await Promise.all(entries));
  };

  return { value: await visit(value, []), secrets, problems };
}

const secretFileSchema = z.strictObject({ file: z.string() });

const isSecretFile = (node: unknown): node is z.output<typeof secretFileSchema> =>
  secretFileSchema.safeParse(node).success;

/** A channel may be called "key": then what stands there is a section, not a secret. */
const isGroup = (node: unknown) => isMapping(node) && !isSecretFile(node);
