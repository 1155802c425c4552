import type { Bench, Report } from "./bench.ts";
import { startBot, startFakes } from "./bots.ts";
import { goal } from "./goal.ts";
import { cpuMs, memoryMb } from "./processes.ts";
import type { Result } from "./rounds.ts";

const CHATS = 200;
const BATCHES = 10;

/** Memory over very many messages: it may grow by what is remembered of settled ones, and by nothing else. */
export async function soak(bench: Bench): Promise<Report> {
  const messages = (bench.quick ? 5_000 : 100_000) / BATCHES;
  const fakes = await startFakes();
  const bot = await startBot(bench, fakes, { kind: "my-bot" });
  const results: Result[] = [];
  const memory: number[] = [];
  try {
    await fakes.ask({ do: "first-poll", token: bot.token });
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      const before = cpuMs(bot.pid);
      // Chats of their own for each batch: histories stay short, as people's do after /clear.
      const { talked } = await fakes.ask({
        ...{ do: "talk", token: bot.token, firstChat: 1_000 * batch, chats: CHATS, messages },
        ...{ patienceMs: 600_000 },
      });
      const rss = memoryMb(bot.pid).now;
      memory.push(rss);
      const figures = {
        "messages/s": messages / (talked?.seconds ?? Number.NaN),
        "CPU ms": (cpuMs(bot.pid) - before) / messages,
        "RSS MB": rss,
      };
      results.push(row(`${(batch * messages).toLocaleString("en")} messages`, figures));
      bench.note(`  ${batch} of ${BATCHES}\n`);
    }
  } finally {
    await bot.end();
    await fakes.end();
  }
  const growth = (memory.at(-1) ?? Number.NaN) / (memory[Math.floor(BATCHES / 2)] ?? Number.NaN);
  return {
    tables: [{ title: "Soak: one server, very many messages", results }],
    goals: [goal("memory at the end against the middle", growth, { atMost: 1.2 })],
  };
}

const row = (name: string, figures: Readonly<Record<string, number>>): Result => ({
  name,
  ratios: {},
  rounds: [figures],
  figures: Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [key, { median: value, min: value, max: value }]),
  ),
});
