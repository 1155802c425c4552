import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";
import type { Path } from "./problem.ts";

/** The part of JSON Schema that says which keys there are. */
const nodeSchema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
});

/** The keys that a schema knows in the mapping at the path. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  const start: unknown = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const nodes = path.reduce<unknown[]>(
    (level, part) => level.flatMap((node) => stepInto(node, part)),
    alternatives(start),
  );
  return [...new Set(nodes.flatMap((node) => Object.keys(readNode(node).properties ?? {})))];
}

function stepInto(node: unknown, part: string | number): unknown[] {
  const { properties, additionalProperties, items } = readNode(node);
  const next = typeof part === "number" ? items : (properties?.[part] ?? additionalProperties);
  return alternatives(next);
}

function alternatives(node: unknown): unknown[] {
  const { anyOf = [], oneOf = [] } = readNode(node);
  return [node, ...[...anyOf, ...oneOf].flatMap(alternatives)];
}

const readNode = (node: unknown) => nodeSchema.safeParse(node).data ?? {};

/** What the person probably meant, or undefined if nothing is near. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = written.toLowerCase();
  const found = closest(lower, [...known]);
  const steps = distance(lower, found);
  const isNear = steps <= Math.max(2, Math.floor(found.length / 3)) && steps < lower.length;
  return isNear ? found : undefined;
}

/** "did you mean `x`?", or the list of what there is. */
export function suggest(written: string, known: readonly string[]): string {
  const near = nearest(written, known);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  if (known.length === 0) return "remove it";
  return `use one of: ${known.join(", ")}`;
}
