import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND } from "../rig/workspace.ts";

export interface CliResult {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<CliResult>;
}

export interface RunOptions {
  /** Standard input; without it, it is empty. `open`: stays open. */
  readonly input?: string | { readonly open: true };
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The real `my-bot` as child processes, with a home of their own. */
export interface Cli {
  /** A folder of this test's own; the home folder of the children, too. */
  readonly home: string;
  start(args: readonly string[], options?: RunOptions): RunningCli;
  run(args: readonly string[], options?: RunOptions): Promise<CliResult>;
  /** `my-bot server`, when it answers. */
  serve(workspace: string): Promise<RunningCli>;
  /** Kills what still runs and removes the folder. */
  close(): Promise<void>;
}

const DEADLINE_MS = 15_000;

export async function createCli(): Promise<Cli> {
  const home = await mkdtemp(join(tmpdir(), "my-bot-cli-"));
  const all: RunningCli[] = [];
  const start: Cli["start"] = (args, options = {}) => {
    const { input = "", env = {}, cwd = home } = options;
    const child = spawn(process.execPath, [COMMAND, ...args], {
      cwd,
      env: { PATH: pathOfThisNode(), HOME: home, XDG_RUNTIME_DIR: home, ...env },
    });
    if (typeof input === "string") child.stdin.end(input);
    // A child that ends before it has read everything.
    child.stdin.on("error", () => undefined);
    const running = watch(child);
    all.push(running);
    return running;
  };
  const run: Cli["run"] = (args, options) => start(args, options).ended;
  return {
    home,
    start,
    run,
    async serve(workspace) {
      const server = start(["server", "-w", workspace]);
      const deadline = Date.now() + DEADLINE_MS;
      while ((await run(["status", "-w", workspace])).code === 3) {
        if (server.child.exitCode !== null || Date.now() > deadline) {
          throw new Error(`The server does not answer: ${server.stdout()}${server.stderr()}`);
        }
      }
      return server;
    },
    async close() {
      for (const { child } of all) if (child.exitCode === null) child.kill("SIGKILL");
      await Promise.all(all.map(({ ended }) => ended));
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function watch(child: ChildProcess): RunningCli {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

export const pathOfThisNode = () => `${join(process.execPath, "..")}:/usr/bin:/bin`;
