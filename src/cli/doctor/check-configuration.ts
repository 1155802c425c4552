import type { AgentCatalog } from "../../agents/agent-catalog.ts";
import type { Finding } from "../../channels/channel.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { overrideLlm } from "../../providers/options.ts";
import { errorCode, UserError } from "../../runtime/errors.ts";
import { agentProblems } from "../../server/agent-problems.ts";
import type { CommandContext } from "../context.ts";
import { load } from "../load.ts";
import { ok, problem, warning } from "./section.ts";

export interface CheckedConfiguration {
  /** Undefined if it has mistakes. */
  readonly loaded: LoadedConfig | undefined;
  readonly findings: readonly Finding[];
}

/** Whether the configuration can be read, and what in it is probably not meant. */
export async function checkConfiguration(context: CommandContext): Promise<CheckedConfiguration> {
  try {
    const loaded = await load(context);
    const { owner, channels } = loaded.config;
    const findings = [
      ok(`${context.paths.userConfig} has no mistakes`),
      ...loaded.warnings.map((text) => warning(text)),
      ...loaded.notes.map((text) => ok(text)),
      ...(owner ? [ok(`The owner is ${owner.chat} on ${owner.channel}`)] : []),
      ...(!owner && Object.keys(channels).length > 0 ? [NO_OWNER] : []),
      ...(await checkEnvFile(context)),
    ];
    return { loaded, findings };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { loaded: undefined, findings: error.message.split("\n").map((text) => problem(text)) };
  }
}

const NO_OWNER = warning(
  "There is no owner who could be told of trouble",
  "Send the code that the server prints to the bot (/start CODE), or set `owner` in the configuration",
);

async function checkEnvFile({ paths, files }: CommandContext): Promise<readonly Finding[]> {
  try {
    const { mode } = await files.identity(paths.env);
    const isOpen = process.platform !== "win32" && (mode & 0o077) !== 0;
    return isOpen
      ? [warning(`${paths.env} can be read by other users`, `Run: chmod 600 ${paths.env}`)]
      : [];
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** Whether every agent's definition is good, and has a model. */
export async function checkAgents(
  catalog: AgentCatalog,
  { config }: LoadedConfig,
): Promise<readonly Finding[]> {
  const agents = await catalog.list();
  const findings = agents.flatMap((agent) => {
    const llm = overrideLlm(config.llm, agent.llm);
    if (llm.kind === "incomplete") return [];
    const { options } = llm;
    const model =
      options.provider === "offline" ? "offline" : `${options.provider}/${options.model}`;
    return [ok(`${agent.id} answers with ${model}`)];
  });
  const problems = await agentProblems(catalog, config);
  return [...findings, ...problems.map((text) => problem(text))];
}
