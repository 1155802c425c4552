import { pause, systemClock } from "../../runtime/clock.ts";
import { UserError } from "../../runtime/errors.ts";
import type { Chat } from "../../server/control/chat.ts";
import { joinChat } from "../../server/control/join-chat.ts";
import { openConsole } from "../chat/console.ts";
import { type Face, isTerminal } from "../chat/face.ts";
import { hostChat } from "../chat/host-chat.ts";
import { createPipedFace } from "../chat/piped.ts";
import { type CommandContext, EXIT } from "../context.ts";
import { ensureWorkspace } from "../ensure-workspace.ts";
import { controlPaths } from "../find-server.ts";
import { logFile } from "../log-file.ts";
import { type Host, openHost } from "../open-host.ts";
import { createStopSignals, type StopSignals } from "../stop-signals.ts";

/** Talks to the running server of the workspace; without one, to a server of its own that serves only this terminal. */
export async function runChat(context: CommandContext): Promise<number> {
  await ensureWorkspace(context);
  const { json } = context;
  const face = isTerminal() && !json ? openConsole() : createPipedFace({ json });
  const signals = createStopSignals(systemClock, () => undefined);
  process.on("SIGHUP", signals.next);
  try {
    const found = await joinOrHost(context, face, signals.stop);
    if (face.kind === "interactive")
      face.announce("Write a message. /quit or Ctrl-C ends the chat.\n");
    if (found.kind === "joined") await talk(found.chat, face, signals);
    else await talkAlone(found.host, face, signals);
    return EXIT.ok;
  } finally {
    process.removeListener("SIGHUP", signals.next);
    signals.dispose();
  }
}

type Found =
  | { readonly kind: "joined"; readonly chat: Chat }
  | { readonly kind: "hosted"; readonly host: Host };

/** A server that is just starting or stopping holds the workspace and does not chat: that is waited for. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 100;

async function joinOrHost(context: CommandContext, face: Face, stop: AbortSignal): Promise<Found> {
  const deadline = systemClock.now() + PATIENCE_MS;
  for (;;) {
    try {
      const chat = await join(context, face);
      if (chat) return { kind: "joined", chat };
      const log = { kind: "file", path: logFile(context) } as const;
      const host = await openHost(context, { mode: "chat", announce: face.announce, log, stop });
      return { kind: "hosted", host };
    } catch (error) {
      const mayPass = error instanceof UserError && error.exitCode === EXIT.problem;
      if (!mayPass || stop.aborted || systemClock.now() >= deadline) throw error;
      await pause(systemClock, RETRY_MS, stop);
    }
  }
}

async function join(context: CommandContext, face: Face): Promise<Chat | undefined> {
  for (const path of await controlPaths(context)) {
    const chat = await joinChat(path, face.kind, face.clientFor);
    if (chat) return chat;
  }
  return undefined;
}

async function talk(chat: Chat, face: Face, { stop }: StopSignals): Promise<void> {
  try {
    await face.converse(chat, stop);
  } finally {
    chat.close();
  }
}

async function talkAlone(host: Host, face: Face, signals: StopSignals): Promise<void> {
  const { terminal } = host.server;
  /** Whoever piped lines into this server meanwhile gets the replies. */
  const guestsLeave = async (signal: AbortSignal) => {
    while (!signal.aborted && terminal.attached("piped") > 0)
      await pause(systemClock, RETRY_MS, signal);
  };
  try {
    await hostChat(host, face, { signals, lastly: guestsLeave });
  } finally {
    await host.close();
  }
}
