import type { Bench, Report } from "./bench.ts";
import { type Bot, type Fakes, newWorkspace, startBot, startFakes } from "./bots.ts";
import { goal } from "./goal.ts";
import { writeDone, writeSessions } from "./prepare.ts";
import { cpuMs, memoryMb } from "./processes.ts";
import { type Contestant, type Figures, type Result, runRounds } from "./rounds.ts";

const FIRST_CHAT = 1_000;
const SMALL = "10 sessions";
/** Chats that write; all of them are among the known ones. */
const CHATS = 10;

interface Age {
  readonly name: string;
  readonly sessions: number;
  readonly messages: number;
  readonly done: number;
}

const ages = (quick: boolean): readonly Age[] => [
  { name: SMALL, sessions: 10, messages: 4, done: 0 },
  { name: "1,000 sessions", sessions: 1_000, messages: 4, done: 0 },
  ...(quick ? [] : [{ name: "100,000 sessions", sessions: 100_000, messages: 4, done: 0 }]),
  { name: "10,000 files in done/", sessions: 10, messages: 4, done: 10_000 },
  { name: "histories of 100 messages", sessions: 10, messages: 100, done: 0 },
  { name: "histories of 1,000 messages", sessions: 10, messages: 1_000, done: 0 },
];

/** What a message costs in a workspace that has been used for long. */
export async function growth(bench: Bench): Promise<Report> {
  const fakes = await startFakes();
  const bots: Bot[] = [];
  try {
    const contestants: Contestant[] = [];
    for (const age of ages(bench.quick)) {
      const bot = await startAged(bench, fakes, age);
      bots.push(bot);
      contestants.push({ name: age.name, slice: () => slice(fakes, bot, bench) });
    }
    const results = await runRounds(contestants, {
      rounds: bench.quick ? 3 : 7,
      budgetMs: bench.quick ? 25_000 : 100_000,
      reference: SMALL,
      note: bench.note,
    });
    const title = "Growth: what a message costs in a workspace that is old";
    const table = { title, reference: SMALL, compared: ["CPU ms", "p50 ms"], results };
    return { tables: [table], goals: goals(results) };
  } finally {
    await Promise.all(bots.map((bot) => bot.end()));
    await fakes.end();
  }
}

async function startAged(bench: Bench, fakes: Fakes, age: Age): Promise<Bot> {
  const workspace = await newWorkspace(bench);
  writeSessions(workspace, { count: age.sessions, messages: age.messages, firstChat: FIRST_CHAT });
  writeDone(workspace, age.done);
  const bot = await startBot(bench, fakes, { kind: "my-bot", workspace });
  await fakes.ask({ do: "first-poll", token: bot.token });
  // Histories are read once; so is the code compiled.
  const warm = { firstChat: FIRST_CHAT, chats: CHATS, messages: 4 * CHATS };
  await fakes.ask({ do: "talk", token: bot.token, ...warm });
  return bot;
}

async function slice(fakes: Fakes, bot: Bot, { quick }: Bench): Promise<Figures> {
  const before = cpuMs(bot.pid);
  const messages = quick ? 20 : 50;
  const { talked } = await fakes.ask({
    ...{ do: "talk", token: bot.token, firstChat: FIRST_CHAT, chats: CHATS, messages },
    perSecond: 40,
  });
  return {
    "CPU ms": (cpuMs(bot.pid) - before) / messages,
    "p50 ms": talked?.p50 ?? Number.NaN,
    "RSS MB": memoryMb(bot.pid).now,
  };
}

function goals(results: readonly Result[]) {
  const isLarge = (name: string) => name !== SMALL && !name.startsWith("histories");
  return results
    .filter(({ name }) => isLarge(name))
    .map(({ name, ratios }) =>
      goal(`${name} against ${SMALL}`, ratios["CPU ms"]?.median ?? Number.NaN, { atMost: 1.5 }),
    );
}
