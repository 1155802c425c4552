import type { Sender } from "../events/event.ts";
import type { SessionStore } from "../sessions/session-store.ts";

/** Something a person asks of the server itself, by a message that begins with "/". */
export interface Command {
  /** Lower case letters only: platforms show it in their menus. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  /**
   * Resolves with the Markdown to answer, never empty. May run twice for one message after a crash. Rejects if a port
   * does.
   */
  run(request: CommandRequest, deps: CommandDeps): Promise<string>;
}

export interface CommandRequest extends CommandContext {
  /** What follows the command's name, trimmed. */
  readonly args: string;
}

/** Who asks, and where. */
export interface CommandContext {
  readonly source: string;
  readonly channel: string;
  readonly platform: string;
  readonly sender: Sender;
  readonly isOwner: boolean;
  /** When the message was accepted, UTC ms. */
  readonly acceptedAt: number;
  /** Ends the turn of this source that runs or waits to be tried again, and drops nothing else. Durable when it resolves. */
  stop(): Promise<Stopped>;
}

export interface Stopped {
  /** False if there was none. */
  readonly stopped: boolean;
  /** How many other messages of this source are owed an answer. */
  readonly waiting: number;
}

export interface CommandDeps {
  readonly sessions: Pick<SessionStore, "current" | "read" | "clear">;
  readonly agents: {
    list(): Promise<readonly AgentSummary[]>;
    get(id: string): Promise<AgentDetails | undefined>;
    /** The agent that answers this source: its session's, or the one that a new session would get. */
    idFor(source: string): string;
  };
  /** Lets in the person who was given this code. Undefined if nobody was, or too long ago. Durable when it resolves. */
  grantAccess(code: string): Promise<Granted | undefined>;
}

export interface AgentSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

export interface AgentDetails extends AgentSummary {
  /** Name of the model that it runs on. */
  readonly model: string;
  /** Text of AGENT.md. For the owner's eyes only. */
  readonly prompt: string;
  /** Text of SOUL.md, if there is one. For the owner's eyes only. */
  readonly soul?: string | undefined;
}

export interface Granted {
  readonly channel: string;
  readonly sender: Sender;
}
