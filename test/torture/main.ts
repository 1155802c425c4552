import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { HELP, readOptions, type TortureOptions } from "./options.ts";
import { type Circumstances, describeReport, reportOf } from "./report.ts";
import { type Run, startRun } from "./run.ts";
import { brokenIn, type Row, sumUp } from "./tally.ts";

/** `npm run torture`: the server is built, the fakes are outside, and the kills are real. */
const print = (line: string) => void process.stdout.write(`${line}\n`);

function describeRow(row: Row): string {
  const head = `${row.bot} ${row.number} ${row.point}, ${row.platform}`;
  if (row.skipped !== undefined) return `${head}: skipped, ${row.skipped}`;
  const { runs, lost, labelled, unlabelled, outOfOrder } = sumUp([row]);
  const seen = `lost ${lost}, twice ${labelled + unlabelled}, out of order ${outOfOrder}`;
  return [`${head}: ${runs} runs, ${seen}`, ...brokenIn([row]).map((it) => `  BROKEN ${it}`)].join(
    "\n",
  );
}

type End = "ended" | "out of time" | "stopped";

/** Resolves also when it is told to stop, or its time is over. */
async function waitForEnd(run: Run, minutes: number): Promise<End> {
  let timer: NodeJS.Timeout | undefined;
  let stop = () => {};
  const end = await Promise.race([
    run.ended.then((): End => "ended"),
    new Promise<End>((resolve) => {
      timer = setTimeout(() => resolve("out of time"), minutes * 60_000);
    }),
    new Promise<End>((resolve) => {
      stop = () => resolve("stopped");
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
    }),
  ]);
  clearTimeout(timer);
  return end;
}

async function torture(options: TortureOptions): Promise<number> {
  const from = Date.now();
  const startLoad = loadavg()[0] ?? 0;
  print(`seed ${options.seed}, ${options.times} runs of each point, ${options.jobs} at a time`);
  const run = startRun({ options, onRow: (row) => print(describeRow(row)) });
  const end = await waitForEnd(run, options.minutes).finally(run.close);
  if (end !== "ended") print(`\n${end}: what follows is not complete`);
  const circumstances: Circumstances = {
    options,
    version: versionOf(),
    node: process.version,
    cores: availableParallelism(),
    load: [startLoad, loadavg()[0] ?? 0],
    minutes: (Date.now() - from) / 60_000,
    isComplete: end === "ended",
  };
  const report = reportOf(run.results(), circumstances);
  for (const line of describeReport(report, run.results())) print(line);
  writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  print(`written to ${options.json}`);
  return report.holds ? 0 : 1;
}

function versionOf(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String(JSON.parse(text).version);
}

async function main(): Promise<number> {
  let options: TortureOptions | "help";
  try {
    options = readOptions(process.argv.slice(2), Date.now());
  } catch (error) {
    print(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  if (options !== "help") return torture(options);
  print(HELP);
  return 0;
}

// What a run that was stopped still wants to do must not keep the process: its children are dead.
process.exit(await main());
