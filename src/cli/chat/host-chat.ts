import { asError } from "../../runtime/errors.ts";
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
  // Its failure ends the conversation, and comes to light after that.
  const serving = failureOf(host.run(signals).finally(() => ended.abort()));
  const over = AbortSignal.any([signals.stop, ended.signal]);
  const chat: Chat = openChat(host.server, face.clientFor(host.loaded.config.defaultAgent));
  const talk = async () => {
    await face.converse(chat, over);
    // Its last replies are shown while the server drains, if it is a person's.
    if (face.kind === "piped") chat.close();
    await lastly?.(over);
  };
  const unheard = await failureOf(talk());
  if (!signals.stop.aborted) signals.next();
  // The server's failure is why the conversation failed, if both did.
  const failure = (await serving) ?? unheard;
  chat.close();
  if (failure) throw failure;
}

const failureOf = (work: Promise<void>): Promise<Error | undefined> =>
  work.then(() => undefined, asError);
