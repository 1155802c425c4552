import { endTurn } from "../agents/turn-end.ts";
import type { InboundEvent, NewEvent } from "../events/event.ts";
import type { GivenUp, HandleContext, Outcome } from "../events/outcome.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Session, SessionStore } from "../sessions/session-store.ts";
import { noticeTo } from "./replies.ts";
import { turnOf } from "./turn-session.ts";

export interface GiveUpDeps {
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly boot: string;
  readonly policy: () => {
    /** Tells the owner of a dead letter; nothing if there is no owner to tell. */
    readonly deadLetterNotice: (event: InboundEvent, reason: string) => readonly NewEvent[];
  };
}

interface Failing {
  readonly event: InboundEvent;
  readonly context: HandleContext;
  /** In which its turn began; the noted one by default. */
  readonly session?: Session;
}

/**
 * A message that is not tried again: its turn ends in the history, its sender is told, and so is the owner. The
 * decision is noted first, so that whatever happens meanwhile it does not come out differently.
 */
export async function giveUp(
  deps: GiveUpDeps,
  { event, context, session }: Failing,
  givenUp: GivenUp,
): Promise<Outcome> {
  const { reason, publicText, setAside } = givenUp;
  if (!context.progress.givenUp) await context.note({ givenUp }, { sync: false });
  const sessionId = session?.id ?? context.progress.sessionId;
  if (sessionId !== undefined && deps.sessions.get(sessionId)) {
    const end = { kind: "failed", publicText, reason, setAside } as const;
    await endTurn(deps, { sessionId, turn: turnOf(event, context.progress), end });
  }
  return deadLetter(deps, { event, sessionId }, givenUp);
}

/** Its sender is told, and so is the owner. */
export function deadLetter(
  { boot, policy }: Pick<GiveUpDeps, "boot" | "policy">,
  { event, sessionId }: { readonly event: InboundEvent; readonly sessionId?: string | undefined },
  { reason, publicText }: GivenUp,
): Outcome {
  const notice = noticeTo(event, { content: publicText, boot, sessionId });
  return { kind: "dead", reason, emit: [notice, ...policy().deadLetterNotice(event, reason)] };
}
