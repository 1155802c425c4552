import type { TerminalClient } from "../../channels/terminal/channel.ts";
import type { Chat } from "../../server/control/chat.ts";

/** Who talks here: a person at the terminal, or a program that pipes lines in. */
export interface Face {
  readonly kind: TerminalClient["kind"];
  /** Shows what this agent says. */
  clientFor(agent: string): TerminalClient;
  /** One line beside the conversation. */
  announce(line: string): void;
  /**
   * Resolves when whoever talks has ended it, or the signal aborts. Rejects with a UserError if the chat ended before
   * everything was answered.
   */
  converse(chat: Chat, signal: AbortSignal): Promise<void>;
}

export const isTerminal = () => process.stdin.isTTY === true && process.stdout.isTTY === true;
