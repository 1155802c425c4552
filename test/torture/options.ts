import { parseArgs } from "node:util";
import { PLATFORMS, type Platform } from "../rig/conversation.ts";
import { SUBJECTS, type Subject } from "./subjects.ts";

export interface TortureOptions {
  /** Runs of each point. */
  readonly times: number;
  readonly quick: boolean;
  /** A point's number, or words of its name; undefined: all. */
  readonly only: string | undefined;
  readonly platforms: readonly Platform[];
  readonly subjects: readonly Subject["name"][];
  readonly seed: number;
  /** At random, at least. */
  readonly kills: number;
  /** Where the report is written. */
  readonly json: string;
  /** Tracks that run at the same time. */
  readonly jobs: number;
  /** However far it is then, it ends. */
  readonly minutes: number;
}

export const HELP = `npm run torture -- [options]

Kills the real server at every step of a message's way, and counts what people saw.

  --times <n>       runs of each point (5)
  --quick           each point once, and nothing that waits for minutes
  --only <point>    one point: its number, or words of its name
  --platform <p>    telegram or discord (both)
  --bot <name>      my-bot, grammY or "grammY runner" (all)
  --kills <n>       random kills at least (10); each hundred has a workspace of its own
  --seed <n>        of the random kills, as it was printed
  --jobs <n>        how many servers are tortured at the same time (2)
  --minutes <n>     ends then, however far it is (90)
  --json <path>     where the report is written (torture-report.json)
  --help

Exit code 0: every bar holds; 1: one is broken, or it did not come to its end; 2: options that it does not know.`;

const KILLS = 10;
const TIMES = 5;

/** Throws an Error with words for the person who typed it. "help": they asked for it. */
export function readOptions(args: readonly string[], now: number): TortureOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      times: { type: "string" },
      quick: { type: "boolean" },
      only: { type: "string" },
      platform: { type: "string" },
      bot: { type: "string" },
      kills: { type: "string" },
      seed: { type: "string" },
      jobs: { type: "string" },
      minutes: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  const quick = values.quick ?? false;
  return {
    times: count("times", values.times, quick ? 1 : TIMES),
    quick,
    only: values.only,
    platforms: choose("platform", values.platform, PLATFORMS),
    subjects: choose(
      "bot",
      values.bot,
      SUBJECTS.map(({ name }) => name),
    ),
    seed: count("seed", values.seed, 1 + (now % 1_000_000)),
    kills: count("kills", values.kills, KILLS),
    json: values.json ?? "torture-report.json",
    jobs: count("jobs", values.jobs, 2),
    minutes: count("minutes", values.minutes, 90),
  };
}

function count(name: string, given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`Cannot use --${name} "${given}": wanted a whole number above 0`);
}

function choose<T extends string>(
  name: string,
  given: string | undefined,
  all: readonly T[],
): readonly T[] {
  if (given === undefined) return all;
  const chosen = all.filter((one) => one === given);
  if (chosen.length > 0) return chosen;
  throw new Error(`Cannot use --${name} "${given}": wanted one of ${all.join(", ")}`);
}
