import { type ChildProcess, fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A child that answers messages, one after another. What is measured always runs in one of its own. */
export interface Helper<Ask, Answer> {
  readonly pid: number;
  ask(message: Ask): Promise<Answer>;
  end(): Promise<void>;
}

export interface HelperOptions {
  readonly file: string;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
}

type Reply<Answer> =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly error: string };

/** Resolves when the child has said that it is ready; rejects with its reason if it cannot be. */
export async function startHelper<Ask, Answer>(
  options: HelperOptions,
): Promise<Helper<Ask, Answer>> {
  const child = fork(options.file, [...(options.args ?? [])], {
    execArgv: [...(options.execArgv ?? [])],
    // The same pool for everyone, as the product's launcher sets it.
    env: { ...process.env, UV_THREADPOOL_SIZE: "16" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  endWithUs(child);
  await nextReply(child);
  return {
    pid: child.pid ?? 0,
    async ask(message) {
      const reply = nextReply<Answer>(child);
      child.send(message as object);
      return reply;
    },
    end: () => endProcess(child),
  };
}

function nextReply<Answer>(child: ChildProcess): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const over = () => {
      child.off("message", hear);
      child.off("exit", gone);
    };
    const hear = (reply: Reply<Answer>) => {
      over();
      if (reply.ok) resolve(reply.answer);
      else reject(new Error(reply.error));
    };
    const gone = (code: number | null) => {
      over();
      reject(new Error(`A helper process ended with code ${code}`));
    };
    child.once("message", hear);
    child.once("exit", gone);
  });
}

const spawned = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of spawned) child.kill("SIGKILL");
});

/** However this process ends, the child ends with it. */
export function endWithUs(child: ChildProcess): void {
  spawned.add(child);
  child.once("exit", () => spawned.delete(child));
}

export function endProcess(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

/** The child's half: says that it is ready, or why not, and then answers each message. */
export async function answerParent<Ask, Answer>(
  open: () => Promise<(message: Ask) => Promise<Answer>>,
): Promise<void> {
  const reply = (message: Reply<Answer | undefined>) => void process.send?.(message);
  const attempt = async (work: () => Promise<Answer | undefined>) => {
    try {
      reply({ ok: true, answer: await work() });
    } catch (error) {
      reply({ ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  };
  await attempt(async () => {
    const answer = await open();
    // Nothing of ours stays when the benchmark ends.
    process.on("disconnect", () => process.exit());
    process.on("message", (message: Ask) => void attempt(() => answer(message)));
    return undefined;
  });
}

/** A file of the benchmark that runs as a process of its own, compiled by `build.ts`. */
export const compiled = (name: string): string =>
  fileURLToPath(new URL(`../.cache/bench/${name}.js`, import.meta.url));

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Processor time of a process so far, all threads, ms; NaN where there is no /proc. */
export function cpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const ns = threads.map((id) =>
      Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]),
    );
    return ns.reduce((sum, each) => sum + each, 0) / 1e6;
  } catch {
    // Not Linux, or the process is over: the table says "–".
    return Number.NaN;
  }
}

/** Memory of a process: now, and at its highest, MB; NaN where there is no /proc. */
export function memoryMb(pid: number): { readonly now: number; readonly peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    return { now: kb("VmRSS") / 1024, peak: kb("VmHWM") / 1024 };
  } catch {
    // As above.
    return { now: Number.NaN, peak: Number.NaN };
  }
}
