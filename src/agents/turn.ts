import type { Session, SessionStore } from "../sessions/session-store.ts";
import { startDeadline } from "./deadline.ts";
import { openConversation } from "./turn-conversation.ts";
import { endingOf, FAILURES, STOPPED_TEXT, type TurnEnd } from "./turn-end.ts";
import {
  type Retry,
  runSteps,
  type StepDeps,
  type StepLimits,
  type StepRequest,
} from "./turn-steps.ts";

export interface TurnDeps extends StepDeps {
  readonly sessions: Pick<SessionStore, "read" | "append" | "sync">;
  readonly limits: TurnLimits;
}

export interface TurnLimits extends StepLimits {
  /** Longest time of a turn, ms; a turn that resumes begins to count anew. */
  readonly turnMs: number;
}

export interface TurnRequest extends StepRequest {
  readonly session: Session;
  /** Key of the event that is answered. */
  readonly turn: string;
  /** What the model reads (`userText`). The same at each attempt. */
  readonly content: string;
  /** Aborts with `STOPPED` when the person says so; any other reason means that the server stops. */
  readonly signal: AbortSignal;
}

/**
 * How a turn came out. A `TurnEnd` is in the history, so that the same turn gives the same result again without a model
 * call. After `retry` the same request may work later; a caller that gives up ends the turn with `endTurn` and tells
 * the person `publicText`.
 */
export type TurnResult = TurnEnd | Retry;

/** The reason with which `/stop` aborts a turn's signal. */
export const STOPPED = new Error("Stopped by the person");

/**
 * Answers a message, resuming after the last completed step if it was begun before. The turn's lines survive the death
 * of the process when this resolves; to make them survive a power cut the caller awaits `sessions.sync`, which may run
 * beside the publishing of the answer, before it settles the event. Rejects with the signal's reason when the server
 * stops, and with the error if the history cannot be read or written: then the event is to be kept.
 */
export async function runTurn(deps: TurnDeps, request: TurnRequest): Promise<TurnResult> {
  const conversation = await openConversation(deps, request);
  const ended = endingOf(conversation.current().lines);
  if (ended) return ended;
  const { signal } = request;
  if (signal.aborted && signal.reason !== STOPPED) throw signal.reason;
  await conversation.begin(request.content);

  const overrun = new Error("Cannot finish the turn in time");
  const { clock, limits } = deps;
  const deadline = startDeadline({ ms: limits.turnMs, clock, signal, overrun: () => overrun });
  try {
    const result = await runSteps(deps, { request, conversation, signal: deadline.signal });
    return result.kind === "retry" ? result : await conversation.end(result);
  } catch (error) {
    if (error === STOPPED) return await conversation.end({ kind: "stopped", text: STOPPED_TEXT });
    if (error === overrun) return await conversation.end(FAILURES.tookTooLong(limits.turnMs));
    throw error;
  } finally {
    deadline.release();
  }
}
