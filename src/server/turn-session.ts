import type { InboundEvent } from "../events/event.ts";
import type { HandleContext, Progress } from "../events/outcome.ts";
import type { Session, SessionStore } from "../sessions/session-store.ts";

/** A message on its way to its answer. */
export interface Turn {
  readonly event: InboundEvent;
  readonly context: HandleContext;
  readonly session: Session;
}

export interface TurnSessionDeps {
  readonly sessions: SessionStore;
  readonly policy: () => {
    /** The agent of new conversations. */
    readonly defaultAgent: string;
  };
}

/** Found when the turn first starts, and noted then: a turn that resumes uses it even after `/clear`. */
export async function findTurn(
  { sessions, policy }: TurnSessionDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Turn> {
  const { sessionId } = context.progress;
  const noted = sessionId === undefined ? undefined : sessions.get(sessionId);
  const session = noted ?? (await sessions.resolve(event.source, policy().defaultAgent));
  return { event, context, session };
}

/** One that is tried again after it was given up is a turn of its own: the first one has ended in the history. */
export function turnOf({ key }: InboundEvent, { revived }: Progress): string {
  return revived ? `${key}/again-${revived}` : key;
}

/** What the history holds of this turn. */
export async function linesOf(
  { sessions }: Pick<TurnSessionDeps, "sessions">,
  { event, context, session }: Turn,
) {
  const turn = turnOf(event, context.progress);
  return (await sessions.read(session.id)).filter((line) => line.turn === turn);
}
