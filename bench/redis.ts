import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { endProcess, endWithUs } from "./processes.ts";

export type Redis =
  | { readonly ok: true; readonly socket: string; end(): Promise<void> }
  | { readonly ok: false; readonly reason: string };

const START_MS = 5_000;

/** A Redis of our own on a Unix socket, with an append-only file that is synced before each answer. */
export async function startRedis(bench: Bench): Promise<Redis> {
  const { PATH = "" } = process.env;
  const found = PATH.split(delimiter).some((folder) => existsSync(join(folder, "redis-server")));
  if (!found) return { ok: false, reason: "there is no redis-server on this machine" };
  const folder = await bench.folder("outbox-redis");
  const socket = join(folder, "redis.sock");
  const child = spawn(
    "redis-server",
    [
      ...["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "always"],
    ],
    { stdio: "ignore" },
  );
  endWithUs(child);
  const end = () => endProcess(child);
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await delay(50)) {
    if (existsSync(socket)) return { ok: true, socket, end };
  }
  await end();
  return { ok: false, reason: "redis-server does not start" };
}
