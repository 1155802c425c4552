import { answerParent } from "../processes.ts";
import { quantile } from "../statistics.ts";
import { openPlainLoop, openRedis, openSqlite, openWriteFileAtomic } from "./other-outboxes.ts";
import type { Outbox } from "./outbox.ts";
import { openSpine } from "./spine-outbox.ts";

/** Publish for so long with so many at once; each publisher publishes, then acknowledges, then goes on. */
export interface OutboxSlice {
  readonly publishers: number;
  readonly ms: number;
}

export type OutboxKind =
  | "spine"
  | "plain"
  | "write-file-atomic"
  | "sqlite"
  | "sqlite-grouped"
  | "redis";

const TEXT =
  "What is the weather like in the mountains today, and will it hold until Sunday? ".repeat(2);

interface FileCalls {
  readonly counts: Readonly<Record<string, number>>;
  readonly bytes: number;
}

/** Kept by the preload `file-calls.cjs`; those who do not write files through Node have none. */
function fileCalls(): FileCalls {
  const found: FileCalls = Reflect.get(globalThis, Symbol.for("my-bot/file-calls"));
  return { counts: { ...found.counts }, bytes: found.bytes };
}

function open(kind: OutboxKind, folder: string): Promise<Outbox> {
  if (kind === "spine") return openSpine(folder);
  if (kind === "plain") return openPlainLoop(folder);
  if (kind === "write-file-atomic") return openWriteFileAtomic(folder);
  if (kind === "redis") return openRedis(folder);
  return openSqlite(folder, kind === "sqlite-grouped");
}

let published = 0;

/** Runs one slice, and resolves with its figures. */
async function runSlice(outbox: Outbox, { publishers, ms }: OutboxSlice) {
  const waits: number[] = [];
  const before = { files: fileCalls(), cpu: process.cpuUsage(), at: performance.now() };
  const endsAt = before.at + ms;
  let peak = 0;
  async function publisher(chat: string): Promise<void> {
    do {
      const startedAt = performance.now();
      published += 1;
      const event = await outbox.publish({
        key: `telegram/1/${chat}/${published}`.replaceAll("/", "-"),
        chat,
        text: TEXT,
      });
      waits.push(performance.now() - startedAt);
      await outbox.acknowledge?.(event);
    } while (performance.now() < endsAt);
  }
  await Promise.all(Array.from({ length: publishers }, (_, n) => publisher(String(1000 + n))));
  const seconds = (performance.now() - before.at) / 1000;
  await outbox.settled?.();
  const { user, system } = process.cpuUsage(before.cpu);
  peak = Math.max(peak, process.memoryUsage.rss() / 1e6);
  return {
    ...speed(waits, seconds),
    "CPU µs": (user + system) / waits.length,
    ...calls(before.files, waits.length),
    "RSS MB": peak,
  };
}

const speed = (waits: readonly number[], seconds: number) => ({
  "events/s": waits.length / seconds,
  "p50 ms": quantile(waits, 0.5),
  "p99 ms": quantile(waits, 0.99),
});

/** A file call is one system call; what Node or libuv do beside (futex, epoll) is not counted. */
function calls(before: FileCalls, events: number) {
  const after = fileCalls();
  const count = (kind: string) => (after.counts[kind] ?? 0) - (before.counts[kind] ?? 0);
  const all = Object.keys(after.counts).reduce((sum, kind) => sum + count(kind), 0);
  if (all === 0) return { fsyncs: Number.NaN, "file calls": Number.NaN, bytes: Number.NaN };
  return {
    fsyncs: (count("fsync") + count("fdatasync")) / events,
    "file calls": all / events,
    bytes: (after.bytes - before.bytes) / events,
  };
}

const [kind = "spine", folder = ""] = process.argv.slice(2);
await answerParent(async () => {
  const outbox = await open(kind as OutboxKind, folder);
  return (slice: OutboxSlice) => runSlice(outbox, slice);
});
