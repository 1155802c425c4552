import type { Agent } from "../agents/agent.ts";
import { type AgentCatalog, createAgentCatalog } from "../agents/agent-catalog.ts";
import { createSystemPrompt } from "../agents/prompt.ts";
import { createCurrentTime } from "../agents/tools/current-time.ts";
import type { TurnDeps } from "../agents/turn.ts";
import { type Commands, createCommands } from "../commands/commands.ts";
import type { Config } from "../config/config.ts";
import type { EventBus } from "../events/event-bus.ts";
import { createModel } from "../providers/create-model.ts";
import { asModelError } from "../providers/model-errors.ts";
import { type LlmOptions, overrideLlm } from "../providers/options.ts";
import { type Model, ModelError } from "../providers/provider.ts";
import { UserError } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import { openFileSessionStore } from "../sessions/file-session-store.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import { suggest } from "../workspace/settings/schema-keys.ts";
import { agentProblems } from "./agent-problems.ts";
import { createAgentWorker } from "./agent-worker.ts";
import type { ChannelRegistry } from "./channel-registry.ts";
import type { OwnerNotices } from "./owner-notices.ts";
import type { Pairing } from "./pairing.ts";
import type { ProcessDeaths } from "./process-deaths.ts";
import { createRunNotes } from "./run-notes.ts";
import { createRunningTurns } from "./running-turns.ts";
import type { ServerDeps } from "./server-deps.ts";
import { createSlotShares } from "./slot-shares.ts";
import { createSoloTurns } from "./solo-turns.ts";
import type { Worker } from "./worker.ts";

export interface Agents {
  readonly worker: Worker;
  readonly commands: Commands;
  readonly sessions: SessionStore;
  /** What is wrong with their definitions now, one line each. */
  problems(): Promise<readonly string[]>;
  /** To be called as soon as the process is to end: no turn is blamed for it. */
  readonly stopping: () => void;
}

interface AgentsDeps {
  readonly bus: EventBus;
  readonly config: () => Config;
  /** Puts values in place of `${NAME}`; throws if a name is not set. */
  readonly expand: (text: string) => string;
  readonly channels: ChannelRegistry;
  readonly notices: OwnerNotices;
  readonly pairing: Pairing;
  readonly processDeaths: ProcessDeaths;
  readonly boot: string;
}

/** Everything that turns a message into its answer. Rejects with a UserError if the default agent is not there. */
export async function composeAgents(deps: ServerDeps, parts: AgentsDeps): Promise<Agents> {
  const { paths, files, clock, random, log, newId } = deps;
  const { bus, config, expand, channels, notices, processDeaths, boot } = parts;
  const catalog = createAgentCatalog({
    paths,
    files,
    clock,
    log,
    tools: [createCurrentTime(clock), ...(deps.tools ?? [])],
    expand,
  });
  await checkDefaultAgent(config(), { catalog, files, file: paths.userConfig });
  const sessions = await openFileSessionStore({
    directory: paths.history,
    files,
    clock,
    log,
    newId,
  });
  const solo = createSoloTurns({ clock, wake: bus.wake });
  const turns = createRunningTurns({
    ...{ solo, clock, wakeOne: bus.wakeOne },
    shares: createSlotShares(config().turns.concurrency, catalog.known),
  });
  const runs = createRunNotes(log);
  const commands = composeCommands(deps, { ...parts, catalog, sessions });
  const systemPrompt = createSystemPrompt({ paths, files, clock, log });
  const modelOf = createModels(deps, config);
  const turnDeps = (): TurnDeps => ({
    ...{ sessions, asModelError, systemPrompt, clock, log },
    model: modelOf,
    limits: turnLimits(config()),
  });
  const worker = createAgentWorker({
    ...{
      bus,
      sessions,
      agents: catalog,
      commands,
      turns,
      runs,
      processDeaths,
      solo,
      lanes: bus,
      channels,
      turnDeps,
      boot,
      clock,
      random,
      log,
    },
    knows: bus.knows,
    concurrency: config().turns.concurrency,
    serves: (channel) => deps.mode === "server" || channels.get(channel) !== undefined,
    policy: () => ({
      defaultAgent: config().defaultAgent,
      giveUpAfterMs: config().turns.giveUpAfterMs,
      staleAfterMs: config().inbound.staleAfterMs,
      owner: config().owner,
      deadLetterNotice: notices.deadLetter,
    }),
  });
  const problems = () => agentProblems(catalog, config());
  const stopping = () => {
    runs.stopping();
    void processDeaths.stopping();
  };
  return { worker, commands, sessions, problems, stopping };
}

interface DefaultAgentCheck {
  readonly catalog: AgentCatalog;
  readonly files: Pick<FileOps, "read">;
  /** The person's configuration. */
  readonly file: string;
}

async function checkDefaultAgent({ defaultAgent }: Config, check: DefaultAgentCheck) {
  const { catalog, files, file } = check;
  if (await catalog.get(defaultAgent)) return;
  const mistake = (await catalog.problems()).find((problem) =>
    problem.file.includes(`/${defaultAgent}/`),
  );
  if (mistake) {
    const where = mistake.line === undefined ? mistake.file : `${mistake.file}:${mistake.line}`;
    throw new UserError(`${where}: ${mistake.message}`, { exitCode: EXIT_CONFIG });
  }
  const ids = (await catalog.list()).map(({ id }) => id);
  const where = `${file}:${await lineOfDefaultAgent(files, file)}`;
  const remedy = `${suggest(defaultAgent, ids)}; or make agents/${defaultAgent}/AGENT.md`;
  const message = `${where}: there is no agent "${defaultAgent}" (default_agent); ${remedy}`;
  throw new UserError(message, { exitCode: EXIT_CONFIG });
}

/** The first line, if the agent is the one that counts where none is named. */
async function lineOfDefaultAgent(files: Pick<FileOps, "read">, file: string): Promise<number> {
  const lines = (await files.read(file)).split("\n");
  return (
    Math.max(
      lines.findIndex((line) => line.startsWith("default_agent")),
      0,
    ) + 1
  );
}

const EXIT_CONFIG = 78;

function turnLimits({ turns }: Config): TurnDeps["limits"] {
  return {
    callMs: turns.modelTimeoutMs,
    idleMs: turns.modelIdleTimeoutMs,
    turnMs: turns.turnTimeoutMs,
    toolMs: turns.toolTimeoutMs,
    maxSteps: turns.maxSteps,
  };
}

/** One model for each set of options, made when it is first used. */
function createModels({ clock }: ServerDeps, config: () => Config) {
  const models = new Map<string, Promise<Model>>();
  return (agent: Agent): Promise<Model> => {
    const options = modelOptions(config(), agent);
    const key = JSON.stringify(options);
    const model = models.get(key) ?? createModel(options, { clock });
    models.set(key, model);
    // One that could not be made is made anew at the next turn.
    model.catch(() => models.delete(key));
    return model;
  };
}

function modelOptions(config: Config, agent: Agent): LlmOptions {
  const completed = overrideLlm(config.llm, agent.llm);
  if (completed.kind === "complete") return completed.options;
  throw new ModelError(`agents/${agent.id}/AGENT.md: ${completed.reason}`, {
    failure: { kind: "permanent" },
    publicText: `The agent ${agent.name} has no complete model settings.`,
  });
}

interface CommandParts extends AgentsDeps {
  readonly catalog: AgentCatalog;
  readonly sessions: SessionStore;
}

function composeCommands({ log }: ServerDeps, parts: CommandParts): Commands {
  const { catalog, sessions, config, pairing } = parts;
  const details = (agent: Agent) => ({ ...agent, model: modelName(config(), agent) });
  return createCommands({
    log,
    sessions,
    agents: {
      list: catalog.list,
      async get(id) {
        const agent = await catalog.get(id);
        return agent && details(agent);
      },
      idFor: (source) => sessions.current(source)?.agentId ?? config().defaultAgent,
    },
    grantAccess: pairing.grant,
  });
}

function modelName(config: Config, agent: Agent): string {
  const completed = overrideLlm(config.llm, agent.llm);
  if (completed.kind !== "complete") return "not configured";
  const { options } = completed;
  return options.provider === "offline" ? "offline" : `${options.provider}/${options.model}`;
}
