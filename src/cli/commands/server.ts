import { systemClock } from "../../runtime/clock.ts";
import { openConsole } from "../chat/console.ts";
import { type Face, isTerminal } from "../chat/face.ts";
import { hostChat } from "../chat/host-chat.ts";
import { type CommandContext, EXIT, readVersion } from "../context.ts";
import { ensureWorkspace } from "../ensure-workspace.ts";
import { logFile } from "../log-file.ts";
import { type Host, openHost } from "../open-host.ts";
import { isColourful, printError } from "../output.ts";
import { createStopSignals } from "../stop-signals.ts";

export interface ServerOptions {
  /** Makes the workspace if there is none. */
  readonly init: boolean;
  /** Chats if this is a terminal. */
  readonly chat: boolean;
}

/** Serves until it is told to stop. */
export async function runServer(context: CommandContext, options: ServerOptions): Promise<number> {
  if (options.init) await ensureWorkspace(context);
  return options.chat && isTerminal() && !context.json ? serveAndChat(context) : serve(context);
}

async function serve(context: CommandContext): Promise<number> {
  const color = isColourful(process.stdout);
  const signals = createStopSignals(systemClock, sayStopping(printError));
  const host = await openHost(context, {
    mode: "server",
    announce: printError,
    stop: signals.stop,
    log:
      process.stdout.isTTY === true && !context.json ? { kind: "pretty", color } : { kind: "json" },
  });
  const reload = () => void host.server.reload();
  process.on("SIGHUP", reload);
  try {
    for (const note of host.loaded.notes) host.log.info(note);
    await host.run(signals);
    return EXIT.ok;
  } finally {
    process.removeListener("SIGHUP", reload);
    signals.dispose();
    await host.close();
  }
}

async function serveAndChat(context: CommandContext): Promise<number> {
  const console = openConsole();
  const signals = createStopSignals(systemClock, sayStopping(console.announce));
  const log = { kind: "file", path: logFile(context) } as const;
  const { announce } = console;
  const host = await openHost(context, { mode: "server", announce, log, stop: signals.stop });
  // A terminal that is closed takes its server with it.
  process.on("SIGHUP", signals.next);
  try {
    greet(console, host, context);
    if (host.loaded.config.terminal.enabled) await hostChat(host, console, { signals });
    else await host.run(signals);
    return EXIT.ok;
  } finally {
    process.removeListener("SIGHUP", signals.next);
    signals.dispose();
    await host.close();
  }
}

function greet({ announce }: Face, { loaded }: Host, context: CommandContext): void {
  const { config, warnings, notes } = loaded;
  const { llm } = config;
  const model = llm.provider === "offline" ? "offline" : `${llm.provider}/${llm.model}`;
  announce(`my-bot ${readVersion()} serves ${context.paths.root} (model: ${model})`);
  announce(`The log is ${logFile(context)}`);
  for (const line of [...warnings, ...notes]) announce(line);
  if (config.terminal.enabled) announce("Write a message. /quit or Ctrl-C stops the server.\n");
  else announce("Ctrl-C stops the server.");
}

const sayStopping = (say: (line: string) => void) => (step: "stop" | "abort") =>
  say(
    step === "stop"
      ? "Stopping: finishing what is running (once more to stop at once)"
      : "Stopping at once: what was running goes on at the next start",
  );
