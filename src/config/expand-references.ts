import { type Path, type PlacedProblem, pathKey } from "../workspace/settings/problem.ts";
import { isMapping } from "../workspace/settings/walk-yaml.ts";

export interface Expanded {
  readonly value: unknown;
  /** The names that a value refers to, by `pathKey`. */
  readonly references: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly PlacedProblem[];
}

export interface ExpandDeps {
  readonly env: Readonly<Record<string, string>>;
  /** Where to set a name, for the remedy. */
  readonly envFile: string;
  lineOf(path: Path): number;
  /** Whether what is at the path is in use: in what is switched off, a name that is not set is no mistake. */
  isUsed(path: Path): boolean;
}

/** `${…}`, whose brace may be missing, and `$${…}`, which stands for these characters themselves. */
const REFERENCE = /\$?\$\{[^}]*\}?/g;
const FORM = /^\$\{([A-Za-z_]\w*)(?::-(.*))?\}$/s;

type Lookup =
  | { readonly kind: "text"; readonly text: string; readonly name?: string }
  | { readonly kind: "wrong"; readonly what: string; readonly remedy: string };

/** Puts the environment's values in place of `${NAME}` and `${NAME:-default}` in every text. Keys are left alone. */
export function expandReferences(value: unknown, deps: ExpandDeps): Expanded {
  const references = new Map<string, readonly string[]>();
  const problems: PlacedProblem[] = [];

  const expandText = (text: string, path: Path): string => {
    const names: string[] = [];
    const expanded = text.replace(REFERENCE, (reference) => {
      const found = lookUp(reference, deps);
      if (found.kind === "text") {
        if (found.name) names.push(found.name);
        return found.text;
      }
      const { what, remedy } = found;
      if (deps.isUsed(path)) problems.push({ path, line: deps.lineOf(path), what, remedy });
      return "";
    });
    if (names.length > 0) references.set(pathKey(path), names);
    return expanded;
  };

  const visit = (node: unknown, path: Path): unknown => {
    if (typeof node === "string") return expandText(node, path);
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...path, index]));
    if (!isMapping(node)) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, inner]) => [key, visit(inner, [...path, key])]),
    );
  };

  return { value: visit(value, []), references, problems };
}

/** The same for one text from another file. Throws an Error if a name is not set. */
export function expandText(text: string, deps: Pick<ExpandDeps, "env" | "envFile">): string {
  return text.replace(REFERENCE, (reference) => {
    const found = lookUp(reference, deps);
    if (found.kind === "text") return found.text;
    throw new Error(`${found.what}; ${found.remedy}`);
  });
}

function lookUp(reference: string, { env, envFile }: Pick<ExpandDeps, "env" | "envFile">): Lookup {
  if (reference.startsWith("$$")) return { kind: "text", text: reference.slice(1) };
  const [, name, fallback] = FORM.exec(reference) ?? [];
  if (!name) return { kind: "wrong", what: `\`${reference}\` is not a reference`, remedy: FORMS };
  const found = env[name];
  // As in a shell: a name that is set to nothing counts as unset where there is a default.
  if (fallback !== undefined) return { kind: "text", text: found || fallback, name };
  if (found !== undefined) return { kind: "text", text: found, name };
  const remedy = `add ${name}=… to ${envFile}, or write \${${name}:-} to do without`;
  return { kind: "wrong", what: `\`${name}\` is not set`, remedy };
}

const FORMS = `write \${NAME} or \${NAME:-default}, and $\${ for these characters themselves`;
