import type { SessionMessage } from "../sessions/session-store.ts";
import { type HistoryDeps, isFolded, splitTurns } from "./turn-history.ts";

export interface FoldRequest {
  readonly sessionId: string;
  /** Key of the event. */
  readonly turn: string;
  readonly content: string;
}

/** Has the model read a message that is not answered by itself. Changes nothing if the history has it already. */
export async function foldMessage(deps: HistoryDeps, request: FoldRequest): Promise<void> {
  const { sessionId, turn, content } = request;
  const history = await deps.sessions.read(sessionId);
  if (history.some((line) => line.turn === turn)) return;
  const timestamp = deps.clock.now();
  await deps.sessions.append(sessionId, { role: "user", turn, timestamp, content, folded: true });
}

/** How many folded messages this turn answers beside its own: those that came right before it. */
export function countFolded(history: readonly SessionMessage[], turn: string): number {
  // Nearly always the history ends with this turn, behind another that was answered: no need to sort all of it.
  const before = history.findLast((line) => line.turn !== turn);
  const isLast = history.at(-1)?.turn === turn;
  if (isLast && (before?.role !== "user" || !before.folded)) return 0;
  const turns = splitTurns(history);
  const index = turns.findIndex((other) => other.turn === turn);
  const earlier = turns.slice(0, index === -1 ? turns.length : index);
  const last = earlier.findLastIndex(({ lines }) => !isFolded(lines));
  return earlier.length - 1 - last;
}
