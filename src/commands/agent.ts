import type { AgentDetails, Command, CommandDeps } from "./command.ts";
import { fenced, plainWord } from "./markdown.ts";

export const agentCommand: Command = {
  name: "agent",
  aliases: ["agents"],
  description: "List agents or show agent details",
  async run({ args, source, isOwner }, { agents }) {
    if (args === "") return list(agents, source);
    const agent = await agents.get(args);
    if (!agent) return `✗ Agent \`${plainWord(args)}\` not found.`;
    return [...summary(agent), ...(isOwner ? prompts(agent) : [])].join("\n");
  },
};

async function list(agents: CommandDeps["agents"], source: string): Promise<string> {
  const current = agents.idFor(source);
  const lines = (await agents.list()).map(
    ({ id, description }) => `- \`${id}\`: ${description}${id === current ? " (current)" : ""}`,
  );
  return lines.length > 0 ? ["**Agents:**", ...lines].join("\n") : "No agents configured.";
}

function summary(agent: AgentDetails): readonly string[] {
  return [
    `**Agent:** \`${agent.id}\``,
    `**Name:** ${agent.name}`,
    `**Description:** ${agent.description}`,
    `**LLM:** ${agent.model}`,
  ];
}

function prompts(agent: AgentDetails): readonly string[] {
  const files: [string, string][] = [
    ["AGENT.md", agent.prompt],
    ["SOUL.md", agent.soul ?? ""],
  ];
  return files
    .filter(([, text]) => text.trim() !== "")
    .map(([name, text]) => `\n**${name}:**\n${fenced(text)}`);
}
