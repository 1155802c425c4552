import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "../contracts/recording-receiver.ts";
import type { TestWorkspace } from "./workspace.ts";

/** The real command, as `npm start` runs it. */
export const COMMAND = fileURLToPath(new URL("../../bin/my-bot.cjs", import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One line of the server's log. */
export interface LogLine {
  readonly msg?: unknown;
  readonly channel?: unknown;
  readonly key?: unknown;
}

/** The real `my-bot server` as a child in a process group of its own; started and killed as often as a test likes. */
export interface ServerProcess {
  /** Begins a life. It must not be running. */
  start(): void;
  /** SIGKILL to the whole group, now: when this returns the process runs no further instruction of ours. */
  kill(): void;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<Exit>;
  /** Resolves when the current life is over. */
  exited(): Promise<Exit>;
  isRunning(): boolean;
  pid(): number;
  /** Resolves when all these channels are connected in the current life. */
  waitReady(channels: readonly string[], deadlineMs?: number): Promise<void>;
  /** Log lines of the current life. */
  log(): readonly LogLine[];
  /** Standard output and error of the current life. */
  output(): string;
  /** When the current life began, UTC ms. */
  startedAt(): number;
  lives(): number;
  /** The ends of the outputs of the last lives, for a failure's message. */
  story(): string;
}

interface Life {
  readonly child: ChildProcess;
  readonly startedAt: number;
  readonly exited: Promise<Exit>;
  output: string;
  exit: Exit | undefined;
}

const READY_MS = 30_000;
const STORY_LINES = 60;

export function createServerProcess(workspace: Pick<TestWorkspace, "root" | "env">): ServerProcess {
  const lives: Life[] = [];
  const now = (): Life => {
    const life = lives.at(-1);
    if (!life) throw new Error("Cannot ask about the server: it was never started");
    return life;
  };
  const isRunning = () => lives.at(-1) !== undefined && lives.at(-1)?.exit === undefined;
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) signalGroup(now().child.pid, name);
  };
  // Should this process end first, nothing of ours may stay.
  process.once("exit", () => signal("SIGKILL"));
  return {
    start() {
      if (isRunning()) throw new Error("Cannot start the server: it is running");
      lives.push(begin(workspace));
    },
    kill: () => signal("SIGKILL"),
    signal,
    stop() {
      signal("SIGTERM");
      return now().exited;
    },
    exited: () => now().exited,
    isRunning,
    pid: () => now().child.pid ?? 0,
    waitReady: (channels, deadlineMs = READY_MS) =>
      eventually(() => {
        const life = now();
        if (life.exit) throw new Error(`The server has ended: ${life.output}`);
        const connected = readLog(life.output)
          .filter(({ msg }) => msg === "channel is connected")
          .map((line) => line.channel);
        const missing = channels.filter((name) => !connected.includes(name));
        if (missing.length > 0) {
          throw new Error(`Not connected in time: ${missing.join(", ")}\n${life.output}`);
        }
      }, deadlineMs),
    log: () => readLog(now().output),
    output: () => now().output,
    startedAt: () => now().startedAt,
    lives: () => lives.length,
    story: () =>
      lives
        .slice(-3)
        .map(({ output, exit }) => `${lastLines(output)}\n(${JSON.stringify(exit ?? "running")})`)
        .join("\n── next life ──\n"),
  };
}

function begin({ root, env }: Pick<TestWorkspace, "root" | "env">): Life {
  const child = spawn(process.execPath, [COMMAND, "server", "-w", root], {
    // A group of its own: what the server starts dies with it.
    detached: true,
    cwd: root,
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const life: Life = {
    child,
    startedAt: Date.now(),
    output: "",
    exit: undefined,
    exited: new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        life.exit = { code, signal };
        resolve(life.exit);
      });
    }),
  };
  const hear = (chunk: Buffer) => {
    life.output += chunk;
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  return life;
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const isGone = error instanceof Error && "code" in error && error.code === "ESRCH";
    if (!isGone) throw error;
  }
}

function readLog(output: string): LogLine[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}

const lastLines = (text: string) => text.split("\n").slice(-STORY_LINES).join("\n");
