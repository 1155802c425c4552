import type { Bench, Report, Table } from "./bench.ts";
import { type Bot, type BotKind, type Fakes, startBot, startFakes } from "./bots.ts";
import { goal } from "./goal.ts";
import { cpuMs, memoryMb } from "./processes.ts";
import { type Contestant, type Figures, medianOf, type Result, runRounds } from "./rounds.ts";

/** What people write in one slice. */
interface Traffic {
  readonly title: string;
  readonly chats: number;
  readonly messages: number;
  readonly long?: boolean;
  readonly perSecond?: number;
}

const BOTS: readonly BotKind[] = ["my-bot", "grammY", "grammY + runner"];
const REFERENCE = "grammY + runner";

const traffics = (quick: boolean): readonly Traffic[] => {
  const size = quick ? 0.4 : 1;
  const of = (messages: number) => Math.round(messages * size);
  return [
    { title: "20 messages a second, 20 chats", chats: 20, messages: of(100), perSecond: 20 },
    { title: "burst, 1 chat", chats: 1, messages: of(60) },
    { title: "burst, 20 chats", chats: 20, messages: of(300) },
    quick
      ? { title: "burst, 200 chats", chats: 200, messages: 200 }
      : { title: "burst, 1,000 chats", chats: 1_000, messages: 1_000 },
    { title: "burst, 20 chats, answers of three parts", chats: 20, messages: of(100), long: true },
  ];
};

/** From what a person writes to the whole answer, with fake platforms and a model that answers at once. */
export async function endToEnd(bench: Bench): Promise<Report> {
  const fakes = await startFakes();
  const bots: Bot[] = [];
  try {
    for (const kind of BOTS) bots.push(await startBot(bench, fakes, { kind }));
    for (const { token } of bots) await fakes.ask({ do: "first-poll", token });
    const tables: Table[] = [];
    const all = traffics(bench.quick);
    for (const [index, traffic] of all.entries()) {
      if (bench.isOver()) break;
      bench.note(`  ${traffic.title}\n`);
      tables.push(
        await compare(bench, {
          fakes,
          bots,
          traffic,
          firstChat: 10_000 * (index + 1),
          of: all.length,
        }),
      );
    }
    return { tables, goals: goals(tables) };
  } finally {
    await Promise.all(bots.map((bot) => bot.end()));
    await fakes.end();
  }
}

interface Comparison {
  readonly fakes: Fakes;
  readonly bots: readonly Bot[];
  readonly traffic: Traffic;
  readonly firstChat: number;
  readonly of: number;
}

async function compare(bench: Bench, comparison: Comparison): Promise<Table> {
  const { fakes, bots, traffic, firstChat, of } = comparison;
  const { title, chats } = traffic;
  // Everyone is known already: what a new conversation costs once is not what a message costs.
  for (const { token } of bots)
    await fakes.ask({ do: "talk", token, firstChat, chats, messages: chats });
  const contestants: Contestant[] = bots.map((bot, index) => ({
    name: BOTS[index] ?? "",
    slice: () => slice(fakes, bot, { traffic, firstChat }),
  }));
  const results = await runRounds(contestants, {
    rounds: bench.quick ? 3 : 7,
    budgetMs: (bench.quick ? 30_000 : 200_000) / of,
    reference: REFERENCE,
    note: bench.note,
  });
  return {
    title: `End to end: ${title}`,
    reference: REFERENCE,
    compared: ["messages/s", "CPU ms"],
    results,
  };
}

async function slice(
  fakes: Fakes,
  bot: Bot,
  { traffic, firstChat }: Pick<Comparison, "traffic" | "firstChat">,
): Promise<Figures> {
  const before = { bot: cpuMs(bot.pid), fakes: cpuMs(fakes.pid) };
  const { title: _, ...asked } = traffic;
  const { talked } = await fakes.ask({ do: "talk", token: bot.token, firstChat, ...asked });
  if (!talked) throw new Error("Cannot measure: the fakes told nothing");
  const { seconds, p50, p99 } = talked;
  const cpu = cpuMs(bot.pid) - before.bot;
  return {
    "messages/s": traffic.messages / seconds,
    "p50 ms": p50,
    "p99 ms": p99,
    "CPU ms": cpu / traffic.messages,
    "RSS MB": memoryMb(bot.pid).now,
    // Near 100, the fakes are the limit, and not the bot.
    "fakes' CPU %": (cpuMs(fakes.pid) - before.fakes) / seconds / 10,
  };
}

function goals(tables: readonly Table[]) {
  const find = (text: string): readonly Result[] =>
    tables.find(({ title }) => title.endsWith(text))?.results ?? [];
  const burst = find("burst, 20 chats").find(({ name }) => name === "my-bot");
  const paced = find("20 messages a second, 20 chats");
  const later = medianOf(paced, "my-bot", "p50 ms") - medianOf(paced, "grammY", "p50 ms");
  return [
    goal("burst throughput against grammY + runner", burst?.ratios["messages/s"]?.median ?? 0, {
      atLeast: 0.7,
    }),
    goal("p50 later than bare grammY's, paced", later, { atMost: 15, unit: "ms" }),
  ];
}
