import type { Bench, Goal, Report } from "./bench.ts";
import type { OutboxKind, OutboxSlice } from "./contestants/outbox-process.ts";
import { goal } from "./goal.ts";
import { compiled, type Helper, ROOT, startHelper } from "./processes.ts";
import { startRedis } from "./redis.ts";
import {
  type Contestant,
  type Figures,
  medianOf,
  type Result,
  ratioOf,
  runRounds,
} from "./rounds.ts";
import { prepareSqlite } from "./sqlite.ts";

type Process = Helper<OutboxSlice, Figures>;

/** Events that become durable one by one: the product's bus, and what one would write or install instead. */
export async function outbox(bench: Bench): Promise<Report> {
  const remarks: string[] = [];
  const processes: Process[] = [];
  const start = async (kind: OutboxKind, folder?: string) => {
    const started: Process = await startHelper({
      file: compiled("outbox-process"),
      args: [kind, folder ?? (await bench.folder(`outbox-${kind}`))],
      execArgv: ["--require", `${ROOT}test/cost/file-calls.cjs`],
    });
    processes.push(started);
    return started;
  };
  const redis = await startRedis(bench);
  const sqlite = await prepareSqlite(bench);
  try {
    const contestants = [...(await own(start, bench)), ...(await plain(start, bench))];
    if (sqlite.ok) contestants.push(...(await sqliteContestants(start, bench)));
    else remarks.push(`better-sqlite3 was left out: ${sqlite.reason}`);
    if (redis.ok) {
      const process = await start("redis", redis.socket);
      contestants.push(...at(process, { name: "Redis, AOF always", publishers: [1, 256] }, bench));
    } else remarks.push(`Redis was left out: ${redis.reason}`);
    const results = await runRounds(contestants, {
      rounds: bench.quick ? 3 : 7,
      budgetMs: bench.quick ? 30_000 : 150_000,
      reference: "plain loop, 16 in flight",
      note: bench.note,
    });
    return report(results, remarks);
  } finally {
    await Promise.all(processes.map((process) => process.end()));
    if (redis.ok) await redis.end();
  }
}

type Start = (kind: OutboxKind) => Promise<Process>;

const at = (
  process: Process,
  { name, publishers }: { name: string; publishers: readonly number[] },
  { quick }: Bench,
): Contestant[] =>
  publishers.map((count) => ({
    name: publishers.length > 1 ? `${name}, ${count} in flight` : name,
    slice: () => process.ask({ publishers: count, ms: quick ? 250 : 500 }),
  }));

async function own(start: Start, bench: Bench): Promise<Contestant[]> {
  return at(await start("spine"), { name: "my-bot", publishers: [1, 16, 256, 4096] }, bench);
}

async function plain(start: Start, bench: Bench): Promise<Contestant[]> {
  return [
    ...at(await start("plain"), { name: "plain loop", publishers: [1, 16] }, bench),
    ...at(
      await start("write-file-atomic"),
      { name: "write-file-atomic, sequential", publishers: [1] },
      bench,
    ),
  ];
}

async function sqliteContestants(start: Start, bench: Bench): Promise<Contestant[]> {
  return [
    ...at(await start("sqlite"), { name: "SQLite, a transaction each", publishers: [1] }, bench),
    ...at(await start("sqlite-grouped"), { name: "SQLite, grouped", publishers: [1, 256] }, bench),
  ];
}

function report(results: readonly Result[], remarks: readonly string[]): Report {
  const table = {
    title: "Outbox: publish until durable, then settle",
    reference: "plain loop, 16 in flight",
    compared: ["events/s"],
    results,
    remarks,
  };
  return { tables: [table], goals: goals(results) };
}

function goals(results: readonly Result[]): readonly Goal[] {
  const own = (count: number) => `my-bot, ${count} in flight`;
  const ratio = (key: string, count: number, other: string) =>
    ratioOf(results, key, [own(count), other]);
  const plain = ratio("events/s", 256, "plain loop, 16 in flight");
  const sequential = ratio("events/s", 256, "write-file-atomic, sequential");
  const slower = ratio("p50 ms", 1, "plain loop, 1 in flight");
  const fsyncs = medianOf(results, own(256), "fsyncs");
  return [
    goal("256 publishers against the plain loop, 16 in flight", plain, { atLeast: 1 }),
    goal("256 publishers against sequential write-file-atomic", sequential, { atLeast: 8 }),
    goal("fsyncs an event at 256 publishers", fsyncs, { atMost: 1.3, unit: "" }),
    goal("p50 of 1 publisher against the plain loop's", slower, { atMost: 1.6 }),
  ];
}
