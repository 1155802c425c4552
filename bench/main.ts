import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Report, Scenario } from "./bench.ts";
import { compileProcesses } from "./build.ts";
import { drawChart } from "./chart.ts";
import { endToEnd } from "./end-to-end.ts";
import { growth } from "./growth.ts";
import { install } from "./install.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { openBench } from "./open-bench.ts";
import { outbox } from "./outbox.ts";
import { printMachine, printReport } from "./print.ts";
import { ROOT } from "./processes.ts";
import { recovery } from "./recovery.ts";
import { soak } from "./soak.ts";
import { startAndIdle } from "./start-and-idle.ts";

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  outbox,
  recovery,
  "end-to-end": endToEnd,
  "start-and-idle": startAndIdle,
  growth,
  install,
};
/** Only when it is asked for: it takes a quarter of an hour by itself. */
const ASKED: Readonly<Record<string, Scenario>> = { soak };

const HELP = `npm run bench -- [--quick] [--only <scenario>[,<scenario>]] [--out <folder>]

  --quick   at most two minutes instead of fifteen, and rougher figures
  --only    ${[...Object.keys(SCENARIOS), ...Object.keys(ASKED)].join(", ")}
  --out     where performance-results.md, .json and .svg go; .cache/bench by default

Files are written below the temporary folder: TMPDIR chooses the disk.
`;

interface Options {
  readonly quick: boolean;
  readonly names: readonly string[];
  readonly out: string;
}

/** Undefined if only the help was wanted. Throws on what is not understood. */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      ...{ quick: { type: "boolean" }, help: { type: "boolean" } },
      ...{ only: { type: "string" }, out: { type: "string" } },
    },
  });
  if (values.help) return undefined;
  const names = values.only?.split(",") ?? Object.keys(SCENARIOS);
  for (const name of names) {
    if (!(name in SCENARIOS) && !(name in ASKED))
      throw new Error(`Cannot run "${name}":\n\n${HELP}`);
  }
  return { quick: values.quick ?? false, names, out: values.out ?? join(ROOT, ".cache", "bench") };
}

async function run({ quick, names, out }: Options): Promise<void> {
  await compileProcesses();
  const { bench, root, close } = await openBench({ quick });
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const reports: Record<string, Report> = {};
  try {
    const machine = await describeMachine(root);
    print(`${printMachine(machine)}\n`);
    for (const name of names) {
      const scenario = { ...SCENARIOS, ...ASKED }[name];
      if (!scenario) continue;
      if (bench.isOver() && names.length > 1) {
        print(`${name} was left out: the time is over. Try: npm run bench -- --only ${name}\n`);
        continue;
      }
      bench.note(`${name}\n`);
      const report = await scenario(bench);
      reports[name] = report;
      print(`${printReport(report)}\n`);
    }
    await keep(out, { machine, quick, reports });
    print(`Kept in ${out}`);
  } finally {
    await close();
  }
}

interface Kept {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly reports: Readonly<Record<string, Report>>;
}

async function keep(out: string, kept: Kept): Promise<void> {
  await mkdir(out, { recursive: true });
  const { machine, quick, reports } = kept;
  const file = (extension: string) => join(out, `performance-results.${extension}`);
  const tables = Object.values(reports).flatMap((report) => report.tables);
  await writeFile(file("json"), `${JSON.stringify(kept, undefined, 1)}\n`);
  await writeFile(file("svg"), drawChart(tables));
  const heading = `# Results of \`npm run bench${quick ? " -- --quick" : ""}\``;
  const picture = "![The figures that say most](performance-results.svg)";
  const texts = Object.entries(reports).map(
    ([name, report]) => `## ${name}\n\n${printReport(report)}`,
  );
  await writeFile(
    file("md"),
    `${[heading, printMachine(machine), picture, ...texts].join("\n\n")}\n`,
  );
}

// What was started ends with this process, however it ends.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const options = readOptions();
if (options) await run(options);
else process.stdout.write(HELP);
