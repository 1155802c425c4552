import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { nodeFileOps } from "../../src/runtime/file-ops.ts";
import { callControl } from "../../src/server/control/control-client.ts";
import { statusSchema } from "../../src/server/control/results.ts";
import type { StatusReport } from "../../src/server/status.ts";
import { controlPath } from "../../src/workspace/control-path.ts";
import {
  createDiscordFake,
  type DiscordFake,
  type DiscordFakeOptions,
} from "../fakes/discord/server.ts";
import { type FakeModel, startFakeModel } from "../fakes/model.ts";
import {
  createTelegramFake,
  type TelegramFake,
  type TelegramFakeOptions,
} from "../fakes/telegram/server.ts";
import {
  type Conversation,
  discordConversation,
  PLATFORMS,
  type Platform,
  telegramConversation,
  userId,
} from "./conversation.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";
import { COMMAND, createTestWorkspace, type Settings, type TestWorkspace } from "./workspace.ts";

export interface RigOptions {
  /** Both by default. */
  readonly channels?: readonly Platform[];
  /** Changes to what `init` writes, tokens, addresses and the allowed people. */
  readonly config?: Settings;
  readonly telegram?: TelegramFakeOptions;
  readonly discord?: DiscordFakeOptions;
  /** JavaScript (CommonJS) that runs in the server's process before anything else. */
  readonly preload?: string;
  /** How many people are allowed on each platform; 40 by default. */
  readonly people?: number;
  /** Makes the workspace with the real `my-bot init` instead of the code that it runs. */
  readonly init?: boolean;
  /** Arguments of node, for another bot than my-bot. */
  readonly program?: (fakes: Fakes) => readonly string[];
  /** What the server has in its environment beside what it needs; other commands do not. */
  readonly serverEnv?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real server as a child, and around it, outside of it, platforms and a model that can decide when it dies. */
export interface Rig {
  readonly workspace: TestWorkspace;
  readonly telegram: TelegramFake;
  readonly discord: DiscordFake;
  readonly model: FakeModel;
  readonly server: ServerProcess;
  /** Whether it is the product, and not another bot beside it. */
  readonly isMyBot: boolean;
  /** What the server is to be connected to. */
  readonly channels: readonly Platform[];
  /** Starts the server and waits until its channels are connected. */
  start(): Promise<void>;
  waitReady(): Promise<void>;
  /** The n-th allowed person's private chat; n from 1 to the number of people. */
  person(platform: Platform, n: number): Conversation;
  /** Asks the running server; one that is just starting is waited for. */
  status(): Promise<StatusReport>;
  /** Runs another command of `my-bot` on the workspace. */
  command(args: readonly string[], input?: string): Promise<CommandResult>;
  /** Kills the server, ends the fakes, and removes the folder. */
  close(): Promise<void>;
}

/** How many people are allowed on each platform, unless it is said otherwise. */
export const PEOPLE = 40;

/** Nothing is started but the fakes. */
export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const channels = options.channels ?? PLATFORMS;
  const [workspace, telegram, discord, model] = await Promise.all([
    createTestWorkspace({ init: options.init ?? false }),
    createTelegramFake(options.telegram),
    createDiscordFake(options.discord),
    startFakeModel(),
  ]);
  await workspace.write(".env", envFile(channels, { telegram, discord }));
  const fakes = { telegram, discord, model };
  await workspace.configure(settings(fakes, options.people ?? PEOPLE));
  await workspace.configure(options.config ?? {});
  const preloads = await preloading(workspace, options.preload);
  const env = { ...workspace.env, ...preloads, ...options.serverEnv };
  const program = options.program?.(fakes);
  const server = createServerProcess({
    workspace: { root: workspace.root, env },
    channels,
    program,
  });
  const waitReady = () => server.waitReady();
  return {
    ...{ workspace, telegram, discord, model, server, channels, waitReady },
    isMyBot: program === undefined,
    start() {
      server.start();
      return waitReady();
    },
    person: (platform, n) =>
      platform === "telegram" ? telegramConversation(telegram, n) : discordConversation(discord, n),
    status: () => askStatus(workspace, server),
    command: (args, input) => runCommand(workspace, args, input),
    async close() {
      if (server.isRunning()) {
        server.kill();
        await server.exited();
      }
      await Promise.all([telegram.close(), discord.close(), model.stop()]);
      await workspace.remove();
    },
  };
}

/** Written beside the workspace, in which it would be a foreign file. */
async function preloading({ env }: TestWorkspace, source: string | undefined) {
  if (source === undefined) return {};
  const file = join(env.HOME, "preload.cjs");
  await writeFile(file, source);
  return { NODE_OPTIONS: `--require=${file}` };
}

export interface Fakes {
  readonly telegram: TelegramFake;
  readonly discord: DiscordFake;
  readonly model: FakeModel;
}

/** What is not wanted has an empty token, which switches it off: just as in a fresh workspace. */
function envFile(
  channels: readonly Platform[],
  { telegram, discord }: Pick<Fakes, Platform>,
): string {
  const tokens = [
    ["TELEGRAM_BOT_TOKEN", channels.includes("telegram") ? telegram.token : ""],
    ["DISCORD_BOT_TOKEN", channels.includes("discord") ? discord.token : ""],
  ];
  return tokens.map(([name, token]) => `${name}=${token}\n`).join("");
}

function settings({ telegram, discord, model }: Fakes, people: number): Settings {
  const allowed = (platform: Platform) =>
    Array.from({ length: people }, (_, index) => userId(platform, index + 1));
  return {
    llm: {
      provider: "openai-compatible",
      model: "fake-model",
      api_base: model.apiBase,
      api_key: "none",
    },
    channels: {
      telegram: { api_root: telegram.url, allow_from: allowed("telegram") },
      discord: { api_root: discord.url, allow_from: allowed("discord") },
    },
  };
}

const STARTING_MS = 15_000;

async function askStatus(
  { root, env }: TestWorkspace,
  server: Pick<ServerProcess, "isRunning">,
): Promise<StatusReport> {
  const host = {
    platform: process.platform,
    uid: process.getuid?.(),
    runtimeFolder: env.XDG_RUNTIME_DIR,
    temporaryFolder: tmpdir(),
  };
  const path = await controlPath(root, { files: nodeFileOps, host });
  for (const deadline = Date.now() + STARTING_MS; ; await delay(25)) {
    const answer = await callControl(path, { method: "status" });
    if (answer) return statusSchema.parse(answer.result);
    if (!server.isRunning() || Date.now() > deadline) {
      throw new Error("Cannot ask for the status: no server answers");
    }
  }
}

function runCommand(
  { root, env }: TestWorkspace,
  args: readonly string[],
  input = "",
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [COMMAND, ...args, "-w", root],
      { env: { ...env }, cwd: root, timeout: 30_000, killSignal: "SIGKILL" },
      (error, stdout, stderr) => {
        const code = error ? error.code : 0;
        if (typeof code === "number") resolve({ code, stdout, stderr });
        else reject(new Error(`Cannot run my-bot ${args.join(" ")}`, { cause: error }));
      },
    );
    child.stdin?.end(input);
  });
}
