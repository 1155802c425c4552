/**
 * Conversations: which session a source has now, and each session's messages. Append-only JSON lines
 * (`.history/index.jsonl`, `.history/sessions/<id>.jsonl`); nothing is rewritten. Callers run one turn a session at a
 * time; the store has one writer.
 */
export interface SessionStore {
  /** The session of a source, made (with this agent) if there is none. Durable when it resolves. */
  resolve(source: string, agentId: string): Promise<Session>;
  /** The session of a source now, if it has one. */
  current(source: string): Session | undefined;
  get(sessionId: string): Session | undefined;
  /** Parts a source from its session: its next message starts a fresh one. False if it had none. Durable when it resolves. */
  clear(source: string): Promise<boolean>;
  /** All messages in order. A torn last line is cut off and reported; an unreadable file is set aside. */
  read(sessionId: string): Promise<readonly SessionMessage[]>;
  /** Appends one line. Survives the death of the process when it resolves. A failed append leaves no half line. */
  append(sessionId: string, message: SessionMessage): Promise<void>;
  /** Makes all lines of a session survive a power cut. */
  sync(sessionId: string): Promise<void>;
  /** Closes open files. */
  close(): Promise<void>;
}

export interface Session {
  readonly id: string;
  /** Fixed when the session is made. */
  readonly agentId: string;
  readonly source: string;
  /** UTC ms. */
  readonly createdAt: number;
}

/**
 * One line. Legal order in a turn: `user` (alone if it is folded), then steps (`assistant` with tool calls, then one `tool` line a call, in the
 * order in which they ended), then one `assistant` without tool calls, which is the answer. `turn` is the key of the
 * event that began the turn.
 */
export type SessionMessage =
  | {
      readonly role: "user";
      readonly turn: string;
      readonly timestamp: number;
      readonly content: string;
      /** It was old when it was read, and others had come after it: the answer to the last of them is its answer too. */
      readonly folded?: boolean | undefined;
    }
  | {
      readonly role: "assistant";
      readonly turn: string;
      readonly timestamp: number;
      readonly content: string;
      readonly toolCalls?: readonly ToolCall[] | undefined;
      /** On the last line of a turn that was not answered by the model: the line is what the person is told instead. */
      readonly ended?: "failed" | "stopped" | undefined;
      /** Why it failed, for the log and dead letters. */
      readonly reason?: string | undefined;
      /** On the last line of a turn at which the process died again and again: no model is shown that turn any more. */
      readonly setAside?: boolean | undefined;
    }
  | {
      readonly role: "tool";
      readonly turn: string;
      readonly timestamp: number;
      readonly content: string;
      readonly toolCallId: string;
      readonly toolName: string;
      readonly failed?: boolean | undefined;
    };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}
