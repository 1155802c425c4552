import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { COMMAND } from "../test/rig/workspace.ts";
import type { Bench } from "./bench.ts";
import type { FakesAnswer, FakesAsk } from "./contestants/fakes-process.ts";
import { compiled, endProcess, endWithUs, type Helper, ROOT, startHelper } from "./processes.ts";

export type Fakes = Helper<FakesAsk, FakesAnswer>;
export type BotKind = "my-bot" | "grammY" | "grammY + runner";

/** A bot as a process of its own, with a token of its own at the fake platform. */
export interface Bot {
  readonly pid: number;
  readonly token: string;
  /** When it was spawned, UTC ms. */
  readonly startedAt: number;
  output(): string;
  end(): Promise<void>;
}

export const startFakes = (): Promise<Fakes> => startHelper({ file: compiled("fakes-process") });

export interface BotOptions {
  readonly kind: BotKind;
  /** For my-bot. */
  readonly workspace?: string;
  readonly discord?: boolean;
  /** No channel at all. */
  readonly alone?: boolean;
  readonly execArgv?: readonly string[];
  /** Called when the token is known. */
  readonly beforeSpawn?: (token: string) => Promise<void>;
}

let bots = 0;

/** Resolves when the process was spawned; `first-poll` tells when it is there. */
export async function startBot(bench: Bench, fakes: Fakes, options: BotOptions): Promise<Bot> {
  bots += 1;
  const token = `${1_000_000 + bots}:bench`;
  await fakes.ask({ do: "add-bot", token });
  const where = await fakes.ask({ do: "where" });
  const own =
    options.kind === "my-bot" ? await prepareOwn(bench, options, { token, where }) : undefined;
  const script = own ?? [
    compiled("grammy-bot"),
    options.kind === "grammY" ? "polling" : "runner",
    token,
    where.telegram ?? "",
    where.apiBase ?? "",
  ];
  await options.beforeSpawn?.(token);
  const startedAt = Date.now();
  const child = spawn(process.execPath, [...(options.execArgv ?? []), ...script], {
    cwd: ROOT,
    env: environment(await bench.folder("home")),
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithUs(child);
  return {
    pid: child.pid ?? 0,
    token,
    startedAt,
    output: outputOf(child),
    end: () => endProcess(child),
  };
}

function environment(home: string) {
  const { PATH } = process.env;
  return { HOME: home, XDG_RUNTIME_DIR: home, PATH };
}

/** The last of what it wrote: a log is read like that of a service. */
function outputOf(child: ChildProcess): () => string {
  let output = "";
  const hear = (chunk: Buffer) => {
    output = (output + chunk).slice(-20_000);
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  return () => output;
}

interface Place {
  readonly token: string;
  readonly where: FakesAnswer;
}

/** The shipped workspace, open to everyone and without Telegram's own limits, which would be all that is measured. */
async function prepareOwn(bench: Bench, options: BotOptions, { token, where }: Place) {
  const root = options.workspace ?? (await newWorkspace(bench));
  const path = join(root, "config.user.yaml");
  const settings = parse(await readFile(path, "utf8"));
  const rate = { per_second: 0, chat_per_second: 0, group_per_minute: 0 };
  if (!options.alone) settings.owner = "telegram/1";
  settings.llm = { provider: "openai-compatible", model: "fast", api_base: where.apiBase };
  settings.channels = {
    ...(options.alone
      ? {}
      : { telegram: { token, api_root: where.telegram, allow_from: ["*"], rate } }),
    ...(options.discord
      ? {
          discord: { token: where.discord?.token, api_root: where.discord?.url, allow_from: ["*"] },
        }
      : {}),
  };
  await writeFile(path, stringify(settings));
  return [COMMAND, "server", "-w", root];
}

export async function newWorkspace(bench: Bench): Promise<string> {
  const root = join(await bench.folder("workspace"), "workspace");
  await cp(join(ROOT, "default_workspace"), root, { recursive: true });
  await mkdir(join(root, ".event"), { recursive: true, mode: 0o700 });
  return root;
}
