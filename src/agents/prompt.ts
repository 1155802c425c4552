import { join } from "node:path";
import type { EventSource } from "../events/source.ts";
import { assertNever } from "../runtime/assert-never.ts";
import type { Clock } from "../runtime/clock.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";
import type { Agent } from "./agent.ts";
import { createZoneTime, localTimeZone } from "./local-time.ts";
import { createTemplate } from "./template.ts";
import { createTextFiles } from "./text-files.ts";

/**
 * The system prompt of one model call, in layers: who the agent is, its personality, what the workspace says
 * (BOOTSTRAP.md, AGENTS.md), the moment, and where the answer goes.
 */
export type SystemPrompt = (agent: Agent, source: EventSource) => Promise<string>;

export interface SystemPromptDeps {
  readonly paths: WorkspacePaths;
  readonly files: Pick<FileOps, "read" | "stat">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

export function createSystemPrompt(deps: SystemPromptDeps): SystemPrompt {
  const { paths, clock, log } = deps;
  const textFiles = createTextFiles(deps);
  const fill = createTemplate(paths);
  // A process has one zone for its whole life.
  const zone = localTimeZone();
  const timeHere = createZoneTime(zone);

  async function workspaceText(name: string): Promise<string> {
    const path = join(paths.root, name);
    try {
      return fill((await textFiles.read(path))?.text.trim() ?? "");
    } catch (error) {
      // An agent that knows less is better than a message without an answer.
      log.warn({ file: path, error: errorMessage(error) }, "cannot read a part of the prompt");
      return "";
    }
  }

  return async (agent, source) =>
    [
      agent.prompt,
      agent.soul === undefined ? "" : `## Personality\n\n${agent.soul}`,
      await workspaceText("BOOTSTRAP.md"),
      await workspaceText("AGENTS.md"),
      `## Runtime\n\nAgent: ${agent.id}\nTime: ${timeHere(clock.now())} (${zone})`,
      channelHint(source),
    ]
      .filter((layer) => layer !== "")
      .join("\n\n");
}

function channelHint(source: EventSource): string {
  switch (source.kind) {
    case "platform":
      return `You are responding via ${source.platform}.`;
    case "cron":
      return "You are running as a background cron job. Your response will not be sent to user directly.";
    case "agent":
      return "You are running as a dispatched subagent. Your response will be sent to main agent.";
    default:
      return assertNever(source);
  }
}
