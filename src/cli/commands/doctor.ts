import { createAgentCatalog } from "../../agents/agent-catalog.ts";
import { createCurrentTime } from "../../agents/tools/current-time.ts";
import { systemClock } from "../../runtime/clock.ts";
import { plural } from "../../runtime/plural.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { checkChannel } from "../doctor/check-channel.ts";
import { checkAgents, checkConfiguration } from "../doctor/check-configuration.ts";
import { checkModel } from "../doctor/check-model.ts";
import { checkDisk, checkEvents, checkServer } from "../doctor/check-workspace.ts";
import type { Section } from "../doctor/section.ts";
import { print, printJson, printMarked } from "../output.ts";
import { SILENT_LOG } from "../silent-log.ts";

export interface DoctorOptions {
  readonly deleteWebhook: boolean;
}

/** Looks at everything that commonly goes wrong. Exit code 1 if something is. */
export async function runDoctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const sections: Section[] = [];
  for await (const section of examine(context, options)) {
    sections.push(section);
    if (!context.json) printSection(section);
  }
  const findings = sections.flatMap((section) => section.findings);
  const problems = findings.filter(({ level }) => level === "problem").length;
  if (context.json) printJson({ ok: problems === 0, sections });
  else print(`\n${problems === 0 ? "Nothing is wrong." : `${plural(problems, "problem")}.`}`);
  return problems === 0 ? EXIT.ok : EXIT.problem;
}

async function* examine(context: CommandContext, options: DoctorOptions): AsyncGenerator<Section> {
  const { loaded, findings } = await checkConfiguration(context);
  yield { about: "configuration", findings };
  if (!(await context.files.stat(context.paths.userConfig))) return;
  yield { about: "disk", findings: await checkDisk(context) };
  yield { about: "server", findings: await checkServer(context) };
  yield { about: "messages", findings: await checkEvents(context) };
  if (!loaded) return;
  const { paths, files } = context;
  const tools = [createCurrentTime(systemClock)];
  const catalog = createAgentCatalog({
    ...{ paths, files, tools, clock: systemClock, log: SILENT_LOG },
    expand: loaded.expand,
  });
  yield { about: "agents", findings: await checkAgents(catalog, loaded) };
  yield { about: "model", findings: await checkModel(loaded.config.llm) };
  for (const channel of Object.values(loaded.config.channels)) {
    yield { about: `channel ${channel.name}`, findings: await checkChannel(channel, options) };
  }
}

function printSection({ about, findings }: Section): void {
  print(about);
  for (const { level, text, remedy } of findings) {
    printMarked(level, text);
    if (remedy !== undefined) print(`    → ${remedy}`);
  }
}
