import type { Chat } from "../../server/control/chat.ts";
import { openChat } from "../../server/control/chat.ts";
import type { Host } from "../open-host.ts";
import type { StopSignals } from "../stop-signals.ts";
import type { Face } from "./face.ts";

/**
 * Runs the server of this process while a conversation goes on, and ends it after that: `lastly` first. Rejects if
 * either of them does.
 */
export async function hostChat(
  host: Host,
  face: Face,
  { signals, lastly }: { signals: StopSignals; lastly?: (signal: AbortSignal) => Promise<void> },
): Promise<void> {
  const ended = new AbortController();
  const running = host.run(signals).finally(() => ended.abort());
  // Reported by the `await` below, which may come later than the failure.
  running.catch(() => undefined);
  const over = AbortSignal.any([signals.stop, ended.signal]);
  const chat: Chat = openChat(host.server, face.clientFor(host.loaded.config.defaultAgent));
  try {
    await face.converse(chat, over);
    // Its last replies are shown while the server drains, if it is a person's.
    if (face.kind === "piped") chat.close();
    await lastly?.(over);
  } finally {
    if (!signals.stop.aborted) signals.next();
    await running;
    chat.close();
  }
}
