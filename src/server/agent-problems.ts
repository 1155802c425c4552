import type { AgentCatalog } from "../agents/agent-catalog.ts";
import { type LlmOptions, overrideLlm } from "../providers/options.ts";
import { errorMessage } from "../runtime/errors.ts";
import { suggest } from "../workspace/settings/schema-keys.ts";

/** What is wrong with the agents as their files are now, one line each. Never rejects. */
export async function agentProblems(
  catalog: Pick<AgentCatalog, "list" | "problems">,
  config: { readonly llm: LlmOptions; readonly defaultAgent: string },
): Promise<readonly string[]> {
  try {
    const agents = await catalog.list();
    const broken = (await catalog.problems()).map(({ file, line, message }) => {
      const where = line === undefined ? file : `${file}:${line}`;
      return `${where}: ${message}`;
    });
    const modelless = agents.flatMap((agent) => {
      const llm = overrideLlm(config.llm, agent.llm);
      return llm.kind === "complete" ? [] : [`agents/${agent.id}/AGENT.md: ${llm.reason}`];
    });
    const ids = agents.map(({ id }) => id);
    return [...broken, ...modelless, ...missingDefault(config.defaultAgent, ids)];
  } catch (error) {
    return [`the agents cannot be looked at: ${errorMessage(error)}`];
  }
}

function missingDefault(id: string, known: readonly string[]): readonly string[] {
  if (known.includes(id)) return [];
  const remedy = `${suggest(id, known)}; or make agents/${id}/AGENT.md`;
  return [`there is no agent \`${id}\` (default_agent); ${remedy}`];
}
