import { type Document, isAlias, isMap, isScalar, isSeq, type Pair, Scalar } from "yaml";
import { type Path, type Problem, pathKey } from "./problem.ts";

export interface YamlValues {
  /** Plain values. An empty value in a mapping is undefined; integers beyond 2^53 are texts with all their digits. */
  readonly value: unknown;
  /** Where each value begins, by `pathKey`: the line of its key, or of the item of a list. */
  readonly lines: ReadonlyMap<string, number>;
  /** The scalars that stand without quotes, by `pathKey`. */
  readonly plain: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

export interface WalkDeps {
  lineAt(offset: number): number;
  /** Undoes what was done to the text before it was parsed. */
  restore(text: string): string;
}

/** The values of a document that was parsed without errors, with `intAsBigInt`. */
export function walkYaml(document: Document, deps: WalkDeps): YamlValues {
  const lines = new Map<string, number>();
  const plain = new Set<string>();
  const problems: Problem[] = [];
  /** The nodes around the one that is visited: an alias to one of them would never end. */
  const around = new Set<unknown>();

  const lineOf = (node: unknown) => deps.lineAt(offsetOf(node));
  const report = (node: unknown, what: string, remedy: string) =>
    problems.push({ line: lineOf(node), what, remedy });

  const visit = (given: unknown, path: Path): unknown => {
    const node = isAlias(given) ? given.resolve(document) : given;
    if (node === undefined || around.has(node)) {
      report(given, `this alias ${node ? "contains itself" : "has no anchor"}`, "write it out");
      return undefined;
    }
    around.add(node);
    const value = read(node, path);
    around.delete(node);
    return value;
  };

  const read = (node: unknown, path: Path): unknown => {
    if (isMap(node)) return Object.fromEntries(uniqueEntries(node.items, path));
    if (isSeq(node)) return node.items.map((item, index) => place(item, [...path, index], item));
    if (!isScalar(node)) return undefined;
    if (node.type === Scalar.PLAIN) plain.add(pathKey(path));
    return scalarValue(node, deps);
  };

  const place = (node: unknown, path: Path, start: unknown): unknown => {
    lines.set(pathKey(path), lineOf(start));
    return visit(node, path);
  };

  /** YAML tells `1` and `"1"` apart; as ids they are one. */
  const uniqueEntries = (items: readonly Pair[], path: Path): [string, unknown][] => {
    const seen = new Set<string>();
    return items.map(({ key, value }) => {
      const name = isScalar(key) ? String(scalarValue(key, deps)) : "";
      if (!isScalar(key)) report(key, "this key is not a word", "write one word before the colon");
      else if (seen.has(name)) report(key, `key \`${name}\` is here twice`, "keep one of them");
      seen.add(name);
      return [name, place(value, [...path, name], key) ?? undefined];
    });
  };

  const value = visit(document.contents, []);
  return { value, lines, plain, problems };
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function offsetOf(node: unknown): number {
  const isPlaced = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  return isPlaced ? (node.range?.[0] ?? 0) : 0;
}

function scalarValue({ value }: Scalar, { restore }: WalkDeps): unknown {
  if (typeof value === "string") return restore(value);
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
