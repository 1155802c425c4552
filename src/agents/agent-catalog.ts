import { join } from "node:path";
import type { Clock } from "../runtime/clock.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import { type DefinitionProblem, findDefinitions } from "../workspace/definitions.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";
import { type Agent, readAgent } from "./agent.ts";
import { createTemplate } from "./template.ts";
import { createTextFiles, type TextFile } from "./text-files.ts";
import type { Tool } from "./tool.ts";

/**
 * The agents in the workspace. Files are looked at on every use, so that an edit acts at the next message. If an edit
 * broke a definition, the last good one goes on. Each problem is logged once, until it is gone.
 */
export interface AgentCatalog {
  /** Undefined if there is none, or none that was ever good. */
  get(id: string): Promise<Agent | undefined>;
  /** Ids of those that could be used when they were looked at last. */
  known(): readonly string[];
  /** All that can be used, sorted by id. */
  list(): Promise<readonly Agent[]>;
  /** Looks anew and tells what is wrong now. */
  problems(): Promise<readonly DefinitionProblem[]>;
}

export interface AgentCatalogDeps {
  readonly paths: WorkspacePaths;
  readonly files: Pick<FileOps, "read" | "stat">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly tools: readonly Tool[];
  /** Puts values in place of `${NAME}` in an agent's model settings. Throws if a name is not set. */
  readonly expand?: (text: string) => string;
}

const FILE = "AGENT.md";

interface Known {
  /** What it was made of; undefined if it could not be read. */
  readonly definition?: TextFile | undefined;
  readonly soul?: TextFile | undefined;
  readonly agent?: Agent | undefined;
  readonly problem?: DefinitionProblem | undefined;
}

export function createAgentCatalog(deps: AgentCatalogDeps): AgentCatalog {
  const { paths, files, log } = deps;
  const lookAt = createLook(deps);
  const reportFolders = createReporter(log);
  const known = new Map<string, Known>();

  async function look(id: string): Promise<Known | undefined> {
    const now = await lookAt(id, known.get(id));
    if (now?.problem && !isSame(now.problem, known.get(id)?.problem)) {
      const effect = now.agent ? "its last good form goes on" : "it is skipped";
      log.warn({ ...now.problem }, `an agent's definition has a mistake: ${effect}`);
    }
    if (now) known.set(id, now);
    else known.delete(id);
    return now;
  }

  async function lookAtAll() {
    const found = await findDefinitions(paths.agents, FILE, files);
    reportFolders(found.problems);
    for (const id of known.keys()) if (!found.ids.includes(id)) known.delete(id);
    const all: Known[] = [];
    for (const id of found.ids) all.push((await look(id)) ?? {});
    return {
      agents: all.flatMap(({ agent }) => agent ?? []),
      problems: [...found.problems, ...all.flatMap(({ problem }) => problem ?? [])],
    };
  }

  return {
    async get(id) {
      if (known.has(id)) return (await look(id))?.agent;
      return (await lookAtAll()).agents.find((agent) => agent.id === id);
    },
    known: () => [...known].flatMap(([id, { agent }]) => (agent ? [id] : [])),
    list: async () => (await lookAtAll()).agents,
    problems: async () => (await lookAtAll()).problems,
  };
}

/** Looks at one agent's files. What they say wrongly leaves the agent as it was before; undefined if AGENT.md is gone. */
function createLook(deps: AgentCatalogDeps) {
  const { paths, expand = (text: string) => text } = deps;
  const textFiles = createTextFiles(deps);
  const textDeps = { fill: createTemplate(paths), expand, tools: deps.tools };

  async function lookAt(id: string, before: Known | undefined): Promise<Known | undefined> {
    const definition = await textFiles.read(join(paths.agents, id, FILE));
    if (!definition) return undefined;
    const soul = await textFiles.read(join(paths.agents, id, "SOUL.md"));
    if (before?.definition === definition && before.soul === soul) return before;
    const read = readAgent({ id, definition: definition.text, soul: soul?.text }, textDeps);
    if (read.kind === "valid") return { definition, soul, agent: read.value };
    const { line, message } = read;
    const problem = { file: join(paths.agents, id, FILE), line, message };
    return { definition, soul, agent: before?.agent, problem };
  }

  return async (id: string, before: Known | undefined): Promise<Known | undefined> => {
    try {
      return await lookAt(id, before);
    } catch (error) {
      const message = `it cannot be read: ${errorMessage(error)}`;
      return { agent: before?.agent, problem: { file: join(paths.agents, id, FILE), message } };
    }
  };
}

const isSame = (a: DefinitionProblem, b: DefinitionProblem | undefined) =>
  a.line === b?.line && a.message === b?.message;

/** Logs what was not there the last time. */
function createReporter(log: Log): (problems: readonly DefinitionProblem[]) => void {
  let before: readonly DefinitionProblem[] = [];
  return (problems) => {
    for (const problem of problems) {
      const isKnown = before.some((old) => old.file === problem.file && isSame(problem, old));
      if (!isKnown) log.warn({ ...problem }, "an agent's folder is skipped");
    }
    before = problems;
  };
}
