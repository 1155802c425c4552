import { setTimeout as delay } from "node:timers/promises";
import type { Bench, Report } from "./bench.ts";
import { type Bot, type Fakes, newWorkspace, startBot, startFakes } from "./bots.ts";
import { goal } from "./goal.ts";
import { writeOwed } from "./prepare.ts";
import { cpuMs, memoryMb } from "./processes.ts";
import { type Contestant, type Figures, medianOf, type Result, runRounds } from "./rounds.ts";

const FIRST_CHAT = 1_000_000;
/** Answers owed to one chat. */
const EACH = 10;
/** How long all that is owed may take; what takes longer has no figure. */
const patienceMs = (quick: boolean) => (quick ? 8_000 : 60_000);

/** A start with answers that are owed, and a person who writes meanwhile. */
export async function recovery(bench: Bench): Promise<Report> {
  const fakes = await startFakes();
  try {
    const sizes = bench.quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
    const results: Result[] = [];
    for (const owed of sizes) results.push(...(await startWith(bench, fakes, owed)));
    const largest = name(sizes.at(-1) ?? 0);
    const table = { title: "Recovery: a start with answers owed", results };
    return {
      tables: [table],
      goals: [
        goal(`first delivery, ${largest}`, medianOf(results, largest, "first sent ms"), {
          atMost: 1000,
          unit: "ms",
        }),
        goal(`a new message's answer, ${largest}`, medianOf(results, largest, "new answered ms"), {
          atMost: 1000,
          unit: "ms",
        }),
      ],
    };
  } finally {
    await fakes.end();
  }
}

const name = (owed: number) => `${owed.toLocaleString("en")} owed`;

function startWith(bench: Bench, fakes: Fakes, owed: number): Promise<readonly Result[]> {
  const contestant: Contestant = { name: name(owed), slice: () => start(bench, fakes, owed) };
  return runRounds([contestant], {
    rounds: bench.quick || owed > 10_000 ? 1 : 3,
    budgetMs: 60_000,
    reference: contestant.name,
    note: bench.note,
  });
}

/** All times are from the spawning of the process. */
async function start(bench: Bench, fakes: Fakes, owed: number): Promise<Figures> {
  const workspace = await newWorkspace(bench);
  writeOwed(workspace, { count: owed, each: EACH, firstChat: FIRST_CHAT });
  const chats = { first: FIRST_CHAT, count: Math.ceil(owed / EACH) };
  const bot = await startBot(bench, fakes, {
    kind: "my-bot",
    workspace,
    beforeSpawn: async (token) => {
      await fakes.ask({ do: "open-chats", token, ...chats });
      await fakes.ask({ do: "watch", token });
    },
  });
  try {
    const polledAt = (await fakes.ask({ do: "first-poll", token: bot.token })).at ?? Number.NaN;
    const { talked } = await fakes.ask({
      do: "talk",
      token: bot.token,
      firstChat: 1,
      chats: 1,
      messages: 1,
    });
    const newAnswered = polledAt - bot.startedAt + (talked?.p50 ?? Number.NaN);
    const { firstAt, lastAt, sent } = await untilAllSent(fakes, bot, {
      wanted: owed + 1,
      ms: patienceMs(bench.quick),
    });
    return {
      "first sent ms": (firstAt ?? Number.NaN) - bot.startedAt,
      "new answered ms": newAnswered,
      "all sent ms": sent > owed ? (lastAt ?? Number.NaN) - bot.startedAt : Number.NaN,
      "sent/s": (sent / ((lastAt ?? 0) - (firstAt ?? 0))) * 1000,
      "CPU ms each": cpuMs(bot.pid) / sent,
      "peak MB": memoryMb(bot.pid).peak,
    };
  } finally {
    await bot.end();
  }
}

async function untilAllSent(
  fakes: Fakes,
  { token }: Bot,
  { wanted, ms }: { wanted: number; ms: number },
) {
  for (const deadline = Date.now() + ms; ; await delay(50)) {
    const { watched } = await fakes.ask({ do: "watched", token });
    if (!watched) throw new Error("Cannot measure: the fakes told nothing");
    if (watched.sent >= wanted || Date.now() > deadline) return watched;
  }
}
