import fs from "node:fs";
import { createRequire } from "node:module";
import { createConnection } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { eventText, type Outbox, type OutboxEvent } from "./outbox.ts";

/**
 * The plain loop: the same recipe (temporary file, fsync, rename, fsync of the folder) in the obvious way, each call
 * through Node's asynchronous interface, nothing shared between two events.
 */
export async function openPlainLoop(folder: string): Promise<Outbox> {
  const directory = join(folder, "pending");
  fs.mkdirSync(directory);
  const [open, write, fsync, close, rename, unlink] = [
    ...[promisify(fs.open), promisify(fs.write), promisify(fs.fsync), promisify(fs.close)],
    ...[promisify(fs.rename), promisify(fs.unlink)],
  ] as const;
  return {
    async publish(event) {
      const path = join(directory, `${event.key}.json`);
      const fd = await open(`${path}.tmp`, "wx", 0o600);
      await write(fd, Buffer.from(eventText(event)));
      await fsync(fd);
      await close(fd);
      await rename(`${path}.tmp`, path);
      const folderFd = await open(directory, "r");
      await fsync(folderFd);
      await close(folderFd);
      return path;
    },
    acknowledge: (path) => unlink(String(path)),
    close: async () => undefined,
  };
}

/** `write-file-atomic` for each event, one after another; it does not sync the folder. */
export async function openWriteFileAtomic(folder: string): Promise<Outbox> {
  const directory = join(folder, "pending");
  fs.mkdirSync(directory);
  return {
    async publish(event) {
      const path = join(directory, `${event.key}.json`);
      await writeFileAtomic(path, eventText(event), { mode: 0o600 });
      return path;
    },
    acknowledge: (path) => promisify(fs.unlink)(String(path)),
    close: async () => undefined,
  };
}

/** What is used of better-sqlite3, which is installed for the benchmark only. */
interface Sqlite {
  exec(sql: string): unknown;
  pragma(text: string): unknown;
  prepare(sql: string): { run(...values: readonly unknown[]): unknown };
  close(): void;
}
type SqliteConstructor = new (path: string) => Sqlite;

/** better-sqlite3, WAL, synchronous = FULL; `grouped`: what is published in one turn shares a transaction. */
export async function openSqlite(folder: string, grouped: boolean): Promise<Outbox> {
  const benchPackage = join(import.meta.dirname, "..", "..", "bench", "package.json");
  const Database: SqliteConstructor = createRequire(benchPackage)("better-sqlite3");
  const db = new Database(join(folder, "outbox.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec("CREATE TABLE event (key TEXT PRIMARY KEY, body TEXT NOT NULL)");
  const insert = db.prepare("INSERT INTO event VALUES (?, ?)");
  const remove = db.prepare("DELETE FROM event WHERE key = ?");
  const group = createGroup(db);
  const run = (work: () => void) => (grouped ? group(work) : Promise.resolve(work()));
  return {
    async publish(event) {
      await run(() => insert.run(event.key, eventText(event)));
      return event.key;
    },
    acknowledge: (key) => run(() => remove.run(key)),
    close: async () => db.close(),
  };
}

function createGroup(db: Sqlite): (work: () => void) => Promise<void> {
  let works: (() => void)[] = [];
  let commit: Promise<void> | undefined;
  return (work) => {
    works.push(work);
    commit ??= new Promise((resolve) => {
      setImmediate(() => {
        const now = works;
        works = [];
        commit = undefined;
        db.exec("BEGIN IMMEDIATE");
        for (const each of now) each();
        db.exec("COMMIT");
        resolve();
      });
    });
    return commit;
  };
}

/** Redis with an append-only file that is synced before it answers; its own protocol over a Unix socket. */
export async function openRedis(socketPath: string): Promise<Outbox> {
  const socket = createConnection(socketPath);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let rest = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const asked = waiting.shift();
      if (line.startsWith("-")) asked?.reject(new Error(line.slice(1)));
      else asked?.resolve();
    }
  });
  const call = (...words: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ resolve, reject });
      const bulk = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
      socket.write(`*${words.length}\r\n${bulk}`);
    });
  return {
    async publish(event: OutboxEvent) {
      await call("HSET", "pending", event.key, eventText(event));
      return event.key;
    },
    acknowledge: (key) => call("HDEL", "pending", String(key)),
    async close() {
      socket.destroy();
    },
  };
}
