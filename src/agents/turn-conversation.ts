import type { Clock } from "../runtime/clock.ts";
import type { Session, SessionMessage, SessionStore } from "../sessions/session-store.ts";
import { endLine, type TurnEnd } from "./turn-end.ts";
import { splitTurns, type TurnLines } from "./turn-history.ts";

/** A session as one turn sees it: what was said before, and its own lines, which it alone writes. */
export interface Conversation {
  readonly history: readonly TurnLines[];
  current(): TurnLines;
  /** Writes the person's line, unless the turn has one. */
  begin(content: string): Promise<void>;
  /** Writes one line. Survives the death of the process when it resolves. */
  append(line: NewLine): Promise<void>;
  /** Writes the turn's last line. */
  end(end: TurnEnd): Promise<TurnEnd>;
  /** Makes all lines survive a power cut. */
  sync(): Promise<void>;
}

type Unstamped<M> = M extends SessionMessage ? Omit<M, "turn" | "timestamp"> : never;
export type NewLine = Unstamped<SessionMessage>;

export interface ConversationDeps {
  readonly sessions: Pick<SessionStore, "read" | "append" | "sync">;
  readonly clock: Pick<Clock, "now">;
}

export async function openConversation(
  { sessions, clock }: ConversationDeps,
  { session, turn }: { readonly session: Session; readonly turn: string },
): Promise<Conversation> {
  const history = splitTurns(await sessions.read(session.id));
  const lines = [...(history.find((other) => other.turn === turn)?.lines ?? [])];

  async function append(line: NewLine): Promise<void> {
    const message = { ...line, turn, timestamp: clock.now() };
    await sessions.append(session.id, message);
    lines.push(message);
  }

  return {
    history,
    current: () => ({ turn, lines }),
    async begin(content) {
      if (lines.length === 0) await append({ role: "user", content });
    },
    append,
    async end(end) {
      await append({ role: "assistant", ...endLine(end) });
      return end;
    },
    sync: () => sessions.sync(session.id),
  };
}
