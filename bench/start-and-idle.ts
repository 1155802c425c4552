import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Report } from "./bench.ts";
import { type Bot, type BotOptions, type Fakes, startBot, startFakes } from "./bots.ts";
import { goal } from "./goal.ts";
import { cpuMs, memoryMb } from "./processes.ts";
import { type Contestant, type Figures, medianOf, type Result, runRounds } from "./rounds.ts";

const KINDS: Readonly<Record<string, BotOptions>> = {
  "my-bot, no channel": { kind: "my-bot", alone: true },
  "my-bot, Telegram": { kind: "my-bot" },
  "my-bot, Telegram and Discord": { kind: "my-bot", discord: true },
  grammY: { kind: "grammY" },
  "grammY + runner": { kind: "grammY + runner" },
};
const START_MS = 30_000;
const DAY_S = 86_400;

/** From the spawning of a process to its first poll, and what it takes while nobody writes. */
export async function startAndIdle(bench: Bench): Promise<Report> {
  const fakes = await startFakes();
  try {
    const starts = await runRounds(
      Object.entries(KINDS).map(([name, options]) => starter(bench, fakes, { name, options })),
      {
        rounds: bench.quick ? 3 : 7,
        budgetMs: bench.quick ? 30_000 : 80_000,
        reference: "grammY",
        note: bench.note,
      },
    );
    const idle = await idling(bench, fakes);
    const title = "Start: from the process to the first poll";
    return {
      tables: [
        { title, reference: "grammY", compared: ["ready ms", "CPU ms"], results: starts },
        { title: "Idle: nobody writes", reference: "grammY", compared: ["RSS MB"], results: idle },
      ],
      goals: goals(starts, idle),
    };
  } finally {
    await fakes.end();
  }
}

interface Start {
  readonly name: string;
  readonly options: BotOptions;
}

function starter(bench: Bench, fakes: Fakes, { name, options }: Start): Contestant {
  return {
    name,
    async slice(): Promise<Figures> {
      const bot = await startBot(bench, fakes, options);
      try {
        const readyAt = await ready(fakes, bot, options);
        return {
          "ready ms": readyAt - bot.startedAt,
          "CPU ms": cpuMs(bot.pid),
          "RSS MB": memoryMb(bot.pid).now,
        };
      } finally {
        await bot.end();
      }
    },
  };
}

/** When it polls, and with Discord is known there; UTC ms. */
async function ready(fakes: Fakes, bot: Bot, { discord, alone }: BotOptions): Promise<number> {
  if (!alone) {
    const { at = Number.NaN } = await fakes.ask({ do: "first-poll", token: bot.token });
    if (!discord) return at;
  }
  const line = alone ? "event store opened" : '"channel":"discord","account"';
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await delay(2)) {
    if (bot.output().includes(line)) return Date.now();
  }
  throw new Error(`Cannot measure a start: "${line}" is not in\n${bot.output()}`);
}

/** All of them at once: they hardly disturb each other, and have the same neighbours. */
async function idling(bench: Bench, fakes: Fakes): Promise<readonly Result[]> {
  const [settleMs, watchMs] = bench.quick ? [3_000, 8_000] : [10_000, 30_000];
  const bots = new Map<string, Bot>();
  try {
    for (const [name, options] of Object.entries(KINDS)) {
      const bot = await startBot(bench, fakes, options);
      bots.set(name, bot);
      await ready(fakes, bot, options);
    }
    await delay(settleMs);
    const before = new Map([...bots].map(([name, { pid }]) => [name, cpuMs(pid)]));
    await delay(watchMs);
    const contestants = [...bots].map(([name, { pid }]) => ({
      name,
      slice: async () => {
        const ms = cpuMs(pid) - (before.get(name) ?? Number.NaN);
        const perDay = (ms / watchMs) * DAY_S;
        return {
          "RSS MB": memoryMb(pid).now,
          "CPU ms/s": (ms / watchMs) * 1000,
          "CPU s/day": perDay,
        };
      },
    }));
    const options = { rounds: 1, budgetMs: 0, reference: "grammY", note: () => {} };
    return await runRounds(contestants, options);
  } finally {
    await Promise.all([...bots.values()].map((bot) => bot.end()));
  }
}

function goals(starts: readonly Result[], idle: readonly Result[]) {
  const own = starts.find(({ name }) => name === "my-bot, Telegram");
  const memory = (name: string) => medianOf(idle, name, "RSS MB");
  return [
    goal("start against bare grammY", own?.ratios["ready ms"]?.median ?? Number.NaN, { atMost: 3 }),
    goal("idle memory against bare grammY", memory("my-bot, Telegram") / memory("grammY"), {
      atMost: 1.6,
    }),
    goal("idle memory with Telegram and Discord", memory("my-bot, Telegram and Discord"), {
      atMost: 130,
      unit: "MB",
    }),
  ];
}
