import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { eventually } from "../contracts/recording-receiver.ts";
import { createRig, type Rig, type RigOptions } from "../rig/rig.ts";
import { COMMAND } from "../rig/workspace.ts";

/** The real server with a preload that watches it from inside, and tells over an IPC channel what it saw. */
export interface WatchedServer {
  readonly rig: Rig;
  ask(message: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface WatchOptions {
  readonly rig: RigOptions;
  /** File names in this folder. */
  readonly preloads: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Running, with its channels connected. */
export async function startWatched(options: WatchOptions): Promise<WatchedServer> {
  const rig = await createRig(options.rig);
  const { root, env } = rig.workspace;
  const preloads = options.preloads.map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const child = spawn(
    process.execPath,
    [...preloads.flatMap((path) => ["--require", path]), COMMAND, "server", "-w", root],
    {
      cwd: root,
      env: { ...env, ...options.env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    },
  );
  const close = async () => {
    await end(child);
    await rig.close();
  };
  try {
    await connected(child, rig.channels);
  } catch (error) {
    await close();
    throw error;
  }
  return { rig, ask: (message) => ask(child, message), close };
}

async function connected(child: ChildProcess, channels: readonly string[]): Promise<void> {
  let output = "";
  const hear = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  await eventually(() => {
    const lines = output.split("\n").filter((line) => line.includes('"channel is connected"'));
    const missing = channels.filter((name) => !lines.some((line) => line.includes(`"${name}"`)));
    const isUp = output.includes('"event store opened"');
    if (missing.length > 0 || !isUp) throw new Error(`Not up: ${missing.join(", ")}\n${output}`);
  }, 30_000);
}

function ask(child: ChildProcess, message: string): Promise<unknown> {
  return new Promise((resolve) => {
    child.once("message", resolve);
    child.send(message);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

const callsSchema = z.object({
  fileCalls: z.array(z.object({ kind: z.string(), path: z.string(), bytes: z.number() })),
});
export type FileCall = z.output<typeof callsSchema>["fileCalls"][number];

/** What the server asked of the disk since it was asked last; `file-calls.cjs` must be preloaded. */
export async function takeFileCalls(server: WatchedServer): Promise<readonly FileCall[]> {
  const { fileCalls } = callsSchema.parse(await server.ask("file-calls"));
  // The heartbeat goes on by itself, whatever else happens.
  return fileCalls.filter(({ path }) => !path.includes("lock.json"));
}
