import { join } from "node:path";
import type { EventSource } from "../events/source.ts";
import { assertNever } from "../runtime/assert-never.ts";
import type { Clock } from "../runtime/clock.ts";
import { errorMessage } from "../runtime/errors.ts";
import type { FileOps } from "../runtime/file-ops.ts";
import type { Log } from "../runtime/log.ts";
import type { WorkspacePaths } from "../workspace/paths.ts";
import type { Agent } from "./agent.ts";
import { createZoneTime, localTimeZone, type ZoneTime } from "./local-time.ts";
import { createTemplate } from "./template.ts";
import { createTextFiles } from "./text-files.ts";
import { CURRENT_TIME } from "./tools/current-time.ts";

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
  const timeHere = eachMinute(createZoneTime(zone));

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
      runtimeText(agent, { time: timeHere(clock.now()), zone }),
      channelHint(source),
    ]
      .filter((layer) => layer !== "")
      .join("\n\n");
}

const MINUTE_MS = 60_000;

/** The same text for all of a minute: its seconds are those of the first time that was asked for. */
function eachMinute(time: ZoneTime): ZoneTime {
  let last = { minute: Number.NaN, text: "" };
  return (at) => {
    const minute = Math.floor(at / MINUTE_MS);
    if (minute !== last.minute) last = { minute, text: time(at) };
    return last.text;
  };
}

/**
 * No more of the time than is needed: services keep a prompt that begins like the last one, and are paid less for it.
 * An agent that can ask for the time is told the day, every other one the minute.
 */
function runtimeText({ id, tools }: Agent, { time, zone }: { time: string; zone: string }): string {
  const canAsk = tools.some(({ name }) => name === CURRENT_TIME);
  const known = canAsk
    ? `${time.slice(0, DAY)} (${zone}); ${CURRENT_TIME} tells the hour`
    : `${time.slice(0, MINUTE)}${time.slice(SECOND)} (${zone})`;
  return `## Runtime\n\nAgent: ${id}\nTime: ${known}`;
}

/** Lengths of the beginnings of an ISO time. */
const DAY = 10;
const MINUTE = 16;
const SECOND = 19;

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
