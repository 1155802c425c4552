import * as z from "zod";
import { type LlmOverrides, llmOverridesSchema } from "../providers/options.ts";
import { errorMessage } from "../runtime/errors.ts";
import { type CheckedDefinition, checkFrontMatter } from "../workspace/definitions.ts";
import { type FrontMatter, parseFrontMatter } from "../workspace/front-matter.ts";
import { suggest } from "../workspace/settings/schema-keys.ts";
import type { Tool } from "./tool.ts";

/** Who answers: made of `agents/<id>/AGENT.md` and `SOUL.md`. */
export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The body of AGENT.md, with its template variables filled in. */
  readonly prompt: string;
  /** SOUL.md, if there is one with text in it. */
  readonly soul?: string | undefined;
  /** What differs from the global `llm`. */
  readonly llm: LlmOverrides;
  /** Turns that may run at once; undefined if only the server's limit counts. */
  readonly maxConcurrency?: number | undefined;
  readonly tools: readonly Tool[];
}

export interface AgentText {
  readonly id: string;
  readonly definition: string;
  readonly soul?: string | undefined;
}

export interface AgentTextDeps {
  /** Puts values in place of template variables. */
  readonly fill: (text: string) => string;
  /** Puts values in place of `${NAME}` in a setting. Throws if a name is not set. */
  readonly expand: (text: string) => string;
  /** Every tool there is; an agent has those that it lists. */
  readonly tools: readonly Tool[];
}

const frontMatterSchema = z.strictObject({
  name: z.string().trim().min(1),
  description: z.string().default(""),
  llm: llmOverridesSchema.optional(),
  max_concurrency: z.number().int().min(1).optional(),
  tools: z.array(z.string()).default([]),
  /** Written in definitions that come with skills; changes nothing for an agent without them. */
  allow_skills: z.boolean().default(false),
});

/** Makes an agent of its files' texts, or says what is wrong with AGENT.md. */
export function readAgent(text: AgentText, deps: AgentTextDeps): CheckedDefinition<Agent> {
  const parsed = parseFrontMatter(text.definition);
  if (parsed.kind === "broken") return parsed;
  const expanded = expandLlm(parsed.frontMatter, deps.expand);
  if (expanded.kind === "broken") return expanded;
  const checked = checkFrontMatter(expanded.value, frontMatterSchema);
  if (checked.kind === "broken") return checked;
  const { name, description, llm = {}, max_concurrency, tools: wanted } = checked.value;
  const unknown = wanted.find((tool) => !deps.tools.some((known) => known.name === tool));
  if (unknown !== undefined) {
    const line = parsed.frontMatter.lineOf(["tools", wanted.indexOf(unknown)]);
    return { kind: "broken", line, message: unknownTool(unknown, deps.tools) };
  }
  const { body } = parsed.frontMatter;
  const soul = text.soul?.trim() || undefined;
  const tools = deps.tools.filter((tool) => wanted.includes(tool.name));
  const prompt = deps.fill(body.trim());
  const maxConcurrency = max_concurrency;
  const value = { id: text.id, name, description, prompt, soul, llm, maxConcurrency, tools };
  return { kind: "valid", value };
}

function unknownTool(tool: string, tools: readonly Tool[]): string {
  const names = tools.map(({ name }) => name);
  return `unknown tool \`${tool}\`; ${suggest(tool, names)}`;
}

/** Settings about the model hold keys, which belong into the environment. */
function expandLlm(
  frontMatter: FrontMatter,
  expand: (text: string) => string,
): CheckedDefinition<FrontMatter> {
  const { llm } = frontMatter.values;
  if (typeof llm !== "object" || llm === null) return { kind: "valid", value: frontMatter };
  const expanded: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(llm)) {
    try {
      expanded[key] = typeof value === "string" ? expand(value) : value;
    } catch (error) {
      const line = frontMatter.lineOf(["llm", key]);
      return { kind: "broken", line, message: `\`llm.${key}\`: ${errorMessage(error)}` };
    }
  }
  const values = { ...frontMatter.values, llm: expanded };
  return { kind: "valid", value: { ...frontMatter, values } };
}
