import { plural } from "../runtime/plural.ts";
import type { SessionMessage } from "../sessions/session-store.ts";
import { type AssistantMessage, findEnd, type HistoryDeps, splitTurns } from "./turn-history.ts";

/** How a turn ended; kept as the last line of the turn. */
export type TurnEnd =
  | { readonly kind: "answered"; readonly text: string }
  /** `publicText` is for the person, `reason` for the log. `setAside`: no model is to be shown the turn any more. */
  | {
      readonly kind: "failed";
      readonly publicText: string;
      readonly reason: string;
      readonly setAside?: boolean | undefined;
    }
  | { readonly kind: "stopped"; readonly text: string };

export const STOPPED_TEXT = "Stopped.";

type Failed = Extract<TurnEnd, { kind: "failed" }>;

const failed = (reason: string, publicText: string): Failed => ({
  kind: "failed",
  reason,
  publicText,
});

/** What can go wrong with a turn, beside the model's own failures. */
export const FAILURES = {
  tookTooLong: (ms: number) =>
    failed(`not finished in ${ms} ms`, "This took too long, so I stopped. Please try again."),
  tooManySteps: (steps: number) =>
    failed(
      `no answer after ${plural(steps, "model call")}`,
      `I stopped after ${plural(steps, "step")} without an answer. Please try a smaller question.`,
    ),
  empty: () =>
    failed("the model's answer was empty", "The model gave no answer. Please try again."),
  noRoom: () =>
    failed(
      "the model used up its tokens before it answered",
      "The model ran out of room before it answered. Please try a shorter question.",
    ),
  refused: () =>
    failed("the answer was held back by a content filter", "The model declined to answer this."),
} as const;

export function endLine(
  end: TurnEnd,
): Pick<AssistantMessage, "content" | "ended" | "reason" | "setAside"> {
  if (end.kind === "answered") return { content: end.text };
  if (end.kind === "stopped") return { content: end.text, ended: "stopped" };
  const { publicText: content, reason, setAside } = end;
  return { content, ended: "failed", reason, ...(setAside ? { setAside } : {}) };
}

/** How the turn with these lines ended; undefined if it did not yet. */
export function endingOf(lines: readonly SessionMessage[]): TurnEnd | undefined {
  const line = findEnd(lines);
  if (!line) return undefined;
  const { content, ended, reason = "" } = line;
  if (ended === "stopped") return { kind: "stopped", text: content };
  if (ended === "failed") return { kind: "failed", publicText: content, reason };
  return { kind: "answered", text: content };
}

export interface EndTurnRequest {
  readonly sessionId: string;
  readonly turn: string;
  readonly end: TurnEnd;
}

/**
 * Ends a turn that will not be tried again, so that person and assistant go on alternating. Changes nothing for a turn
 * that never began or has ended; resolves with how it has ended.
 */
export async function endTurn(deps: HistoryDeps, request: EndTurnRequest): Promise<TurnEnd> {
  const { sessionId, turn, end } = request;
  const turns = splitTurns(await deps.sessions.read(sessionId));
  const lines = turns.find((other) => other.turn === turn)?.lines ?? [];
  const known = endingOf(lines);
  if (known || lines.length === 0) return known ?? end;
  const timestamp = deps.clock.now();
  await deps.sessions.append(sessionId, { role: "assistant", turn, timestamp, ...endLine(end) });
  return end;
}
