import { type ChildProcess, spawn } from "node:child_process";
import { eventually } from "../contracts/recording-receiver.ts";
import { COMMAND, type TestWorkspace } from "./workspace.ts";

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
  /** Begins a life, with more in its environment if that is wanted. It must not be running. */
  start(env?: Readonly<Record<string, string>>): void;
  /** SIGKILL to the whole group, now: when this returns the process runs no further instruction of ours. */
  kill(): void;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; resolves with how it ended. */
  stop(): Promise<Exit>;
  /** Resolves when the current life is over. */
  exited(): Promise<Exit>;
  isRunning(): boolean;
  pid(): number;
  /** Resolves when all channels are connected in the current life. */
  waitReady(deadlineMs?: number): Promise<void>;
  /** Log lines of the current life. */
  log(): readonly LogLine[];
  /** Standard output and error of the current life. */
  output(): string;
  /** When the current life began, UTC ms. */
  startedAt(): number;
  lives(): number;
  /** Called when a life has ended, and with when it was told to. Returns the way to take it away. */
  onEnd(listener: (life: LifeTimes) => void): () => void;
  /** The times of the current life. */
  times(): LifeTimes;
  /** The ends of the outputs of the last lives, for a failure's message. */
  story(): string;
}

/** Times are UTC ms. */
export interface LifeTimes {
  readonly startedAt: number;
  /** When it was killed; when its end was seen, if nobody here did it; now, if it lives. */
  readonly endedAt: number;
  /** When all its channels were connected; undefined if they never were. */
  readonly readyAt: number | undefined;
}

interface Life {
  readonly child: ChildProcess;
  readonly startedAt: number;
  readonly exited: Promise<Exit>;
  output: string;
  exit: Exit | undefined;
  killedAt: number | undefined;
  /** When each channel was heard to be connected. */
  readonly connected: Map<string, number>;
}

const READY_MS = 30_000;
const STORY_LINES = 60;

export interface ServerProcessDeps {
  readonly workspace: Pick<TestWorkspace, "root" | "env">;
  /** What is to be connected before it is ready. */
  readonly channels: readonly string[];
  /** Arguments of node, if it is not `my-bot server`: a bot that tells of its connection in the same words. */
  readonly program?: readonly string[] | undefined;
}

export function createServerProcess(deps: ServerProcessDeps): ServerProcess {
  const { workspace, channels } = deps;
  const program = deps.program ?? [COMMAND, "server", "-w", workspace.root];
  const lives: Life[] = [];
  const listeners = new Set<(life: LifeTimes) => void>();
  const now = (): Life => {
    const life = lives.at(-1);
    if (!life) throw new Error("Cannot ask about the server: it was never started");
    return life;
  };
  const isRunning = () => lives.at(-1) !== undefined && lives.at(-1)?.exit === undefined;
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) signalGroup(now().child.pid, name);
  };
  const kill = () => {
    if (isRunning()) now().killedAt ??= Date.now();
    signal("SIGKILL");
  };
  return {
    start(env = {}) {
      if (isRunning()) throw new Error("Cannot start the server: it is running");
      const life = begin(program, { ...workspace, env: { ...workspace.env, ...env } });
      lives.push(life);
      // Should this process end first, nothing of ours may stay.
      process.once("exit", kill);
      life.child.once("exit", () => {
        process.removeListener("exit", kill);
        for (const listener of listeners) listener(timesOf(life, channels));
      });
    },
    kill,
    signal,
    stop() {
      signal("SIGTERM");
      return now().exited;
    },
    exited: () => now().exited,
    isRunning,
    pid: () => now().child.pid ?? 0,
    waitReady: (deadlineMs = READY_MS) =>
      eventually(() => {
        const life = now();
        if (life.exit) throw new Error(`The server has ended: ${life.output}`);
        const missing = channels.filter((name) => !life.connected.has(name));
        if (missing.length > 0) {
          throw new Error(`Not connected in time: ${missing.join(", ")}\n${life.output}`);
        }
      }, deadlineMs),
    log: () => readLog(now().output),
    output: () => now().output,
    startedAt: () => now().startedAt,
    lives: () => lives.length,
    onEnd(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    times: () => timesOf(now(), channels),
    story: () =>
      lives
        .slice(-3)
        .map(({ output, exit }) => `${lastLines(output)}\n(${JSON.stringify(exit ?? "running")})`)
        .join("\n── next life ──\n"),
  };
}

function timesOf(life: Life, channels: readonly string[]): LifeTimes {
  const times = channels.map((name) => life.connected.get(name) ?? Number.NaN);
  const readyAt = Math.max(...times);
  return {
    startedAt: life.startedAt,
    endedAt: life.killedAt ?? Date.now(),
    readyAt: Number.isNaN(readyAt) ? undefined : readyAt,
  };
}

function begin(
  program: readonly string[],
  { root, env }: Pick<TestWorkspace, "root"> & { env: Readonly<Record<string, string>> },
): Life {
  const child = spawn(process.execPath, program, {
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
    killedAt: undefined,
    connected: new Map(),
    exited: new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        life.exit = { code, signal };
        resolve(life.exit);
      });
    }),
  };
  let line = "";
  const hear = (chunk: Buffer) => {
    life.output += chunk;
    const lines = (line + chunk).split("\n");
    line = lines.pop() ?? "";
    noteConnections(life, lines);
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  return life;
}

function noteConnections(life: Life, lines: readonly string[]): void {
  const told = lines.filter((line) => line.includes("channel is connected"));
  for (const { channel } of readLog(told.join("\n"))) {
    if (typeof channel === "string" && !life.connected.has(channel)) {
      life.connected.set(channel, Date.now());
    }
  }
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
