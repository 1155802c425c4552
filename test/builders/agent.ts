import type { Agent } from "../../src/agents/agent.ts";
import type { Tool } from "../../src/agents/tool.ts";

export const buildAgent = (given: Partial<Agent> = {}): Agent => ({
  id: "pickle",
  name: "Pickle",
  description: "A friendly cat",
  prompt: "You are Pickle.",
  llm: {},
  tools: [],
  ...given,
});

/** A tool that counts its runs and answers "done". */
export function buildTool(given: Partial<Tool> = {}): Tool & { readonly runs: readonly unknown[] } {
  const runs: unknown[] = [];
  const { run = async () => "done", ...rest } = given;
  return {
    name: "note",
    description: "Writes a note",
    parameters: { type: "object" },
    safeToRepeat: false,
    ...rest,
    runs,
    async run(input, context) {
      runs.push(input);
      return run(input, context);
    },
  };
}
