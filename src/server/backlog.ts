import { countFolded, foldMessage } from "../agents/fold.ts";
import { isFolded } from "../agents/turn-history.ts";
import { userText } from "../agents/user-text.ts";
import type { InboundEvent } from "../events/event.ts";
import type { HandleContext, Outcome } from "../events/outcome.ts";
import type { Clock } from "../runtime/clock.ts";
import { findTurn, linesOf, type Turn, type TurnSessionDeps, turnOf } from "./turn-session.ts";

export interface BacklogDeps extends TurnSessionDeps {
  readonly clock: Clock;
  readonly policy: () => ReturnType<TurnSessionDeps["policy"]> & {
    /** A message older than this that is not the last one waiting is not answered by itself, ms; 0: each one is. */
    readonly staleAfterMs: number;
  };
}

/**
 * A message that has waited too long, and after which others came, is only put into the history: the answer to the last
 * one is its answer too, and says so. Undefined if it is to be answered by itself.
 */
export async function foldStale(
  deps: BacklogDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome | undefined> {
  if (!isStale(deps, event, context)) return undefined;
  const turn = await findTurn(deps, event, context);
  const lines = await linesOf(deps, turn);
  // What was begun is brought to its end.
  if (lines.length > 0 && !isFolded(lines)) return undefined;
  const { id: sessionId } = turn.session;
  await context.note({ sessionId }, { sync: false });
  const content = userText(event);
  await foldMessage(deps, { sessionId, turn: turnOf(event, context.progress), content });
  return { kind: "done", beside: () => deps.sessions.sync(sessionId) };
}

function isStale({ clock, policy }: BacklogDeps, event: InboundEvent, context: HandleContext) {
  const { staleAfterMs } = policy();
  const { revived, run, deaths } = context.progress;
  // An operator wants it answered; and what the process died of must not slip into the next turn.
  if (event.control || staleAfterMs === 0 || revived || run || deaths) return false;
  return clock.now() - event.sentAt > staleAfterMs && context.behind() > 0;
}

/** The answer to a message, with a line before it if it answers others too. */
export async function withFolded(
  { sessions }: Pick<TurnSessionDeps, "sessions">,
  { event, context, session }: Turn,
  text: string,
): Promise<string> {
  const history = await sessions.read(session.id);
  const count = countFolded(history, turnOf(event, context.progress));
  if (count === 0) return text;
  const [messages, them] =
    count === 1 ? ["1 earlier message", "it"] : [`${count} earlier messages`, "them"];
  return `(${messages} came while I was away; I have read ${them} and answer the last.)\n\n${text}`;
}
