import type { Agent } from "../agents/agent.ts";
import type { AgentCatalog } from "../agents/agent-catalog.ts";
import { runTurn, type TurnDeps, type TurnResult } from "../agents/turn.ts";
import { endingOf, endTurn, STOPPED_TEXT } from "../agents/turn-end.ts";
import { countSteps } from "../agents/turn-history.ts";
import { userText } from "../agents/user-text.ts";
import type { InboundEvent, NewEvent } from "../events/event.ts";
import type { HandleContext, Outcome } from "../events/outcome.ts";
import { parseSource } from "../events/source.ts";
import { assertNever } from "../runtime/assert-never.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import { withFolded } from "./backlog.ts";
import { countDeaths, isSuspect, poison } from "./deaths.ts";
import { giveUp } from "./give-up.ts";
import type { ProcessDeaths } from "./process-deaths.ts";
import { answerWith, type Owner } from "./replies.ts";
import type { RunNotes } from "./run-notes.ts";
import type { RunningTurn, RunningTurns } from "./running-turns.ts";
import { findTurn, linesOf, type Turn, turnOf } from "./turn-session.ts";
import { startTyping, type TypingDeps } from "./typing.ts";

export interface ModelAnswerDeps extends TypingDeps {
  readonly sessions: SessionStore;
  readonly agents: AgentCatalog;
  readonly turns: RunningTurns;
  readonly runs: RunNotes;
  readonly processDeaths: Pick<ProcessDeaths, "recent">;
  /** Model, prompt and limits as they are configured now. */
  readonly turnDeps: () => TurnDeps;
  readonly policy: () => AnswerPolicy;
  readonly boot: string;
  readonly random: () => number;
}

export interface AnswerPolicy {
  /** The agent of new conversations. */
  readonly defaultAgent: string;
  /** A message older than this that is not the last one waiting is not answered by itself, ms; 0: each one is. */
  readonly staleAfterMs: number;
  /** How long a failing model is tried before the person is told, ms. */
  readonly giveUpAfterMs: number;
  readonly owner: Owner | undefined;
  /** Tells the owner of a dead letter; nothing if there is no owner to tell. */
  readonly deadLetterNotice: (event: InboundEvent, reason: string) => readonly NewEvent[];
}

const MODEL_BACKOFF = { firstMs: 1000, maxMs: 30_000 };

export async function answerByModel(
  deps: ModelAnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  const turn = await findTurn(deps, event, context);
  const { session } = turn;
  const lines = await linesOf(deps, turn);
  const ended = endingOf(lines);
  if (ended) return outcomeOf(deps, turn, ended);
  const steps = countSteps(lines);
  const deaths = countDeaths(context.progress, steps);
  const poisoned = poison(context.progress, { deaths, recent: deps.processDeaths.recent() });
  if (poisoned) return giveUp(deps, turn, poisoned);
  const agent =
    (await deps.agents.get(session.agentId)) ?? (await deps.agents.get(deps.policy().defaultAgent));
  if (agent) return beginTurn(deps, turn, { agent, steps, deaths });
  const text = `The agent "${session.agentId}" is not there any more. Send /clear to start fresh.`;
  return answerWith(deps, event, { text, sessionId: session.id, notice: true });
}

/** Ends the turn of a message that waits: for its next attempt, or for its first one. */
export async function stopByModel(
  deps: ModelAnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  const found = await findTurn(deps, event, context);
  const sessionId = found.session.id;
  const turn = turnOf(event, context.progress);
  const lines = await linesOf(deps, found);
  await context.note({ sessionId }, { sync: false });
  if (lines.length === 0) {
    const line = {
      role: "user",
      turn,
      timestamp: deps.clock.now(),
      content: userText(event),
    } as const;
    await deps.sessions.append(sessionId, line);
  }
  const stopped = { kind: "stopped", text: STOPPED_TEXT } as const;
  return outcomeOf(deps, found, await endTurn(deps, { sessionId, turn, end: stopped }));
}

interface Beginning {
  readonly agent: Agent;
  /** Of the turn, complete already. */
  readonly steps: number;
  readonly deaths: number;
}

async function beginTurn(
  deps: ModelAnswerDeps,
  turn: Turn,
  { agent, steps, deaths }: Beginning,
): Promise<Outcome> {
  const { event, context, session } = turn;
  const { source, key } = event;
  const run = deps.runs.prepare(context, steps);
  const suspect = isSuspect(deaths);
  const { signal } = context;
  const running = deps.turns.begin({ source, key, agent, suspect, signal, share: run.share });
  if (running.kind === "wait") return running;
  try {
    await running.ready;
    const begin = { deaths, alone: running.alone, sessionId: session.id };
    return await run.during(begin, () => takeTurn(deps, turn, { agent, running }));
  } finally {
    running.end();
  }
}

async function takeTurn(
  deps: ModelAnswerDeps,
  turn: Turn,
  { agent, running: { signal } }: { readonly agent: Agent; readonly running: RunningTurn },
): Promise<Outcome> {
  const { event, context, session } = turn;
  const stopTyping = startTyping(deps, event);
  try {
    const result = await runTurn(deps.turnDeps(), {
      ...{ session, agent, signal, turn: turnOf(event, context.progress) },
      content: userText(event),
      source: parseSource(event.source),
    });
    return await outcomeOf(deps, turn, result);
  } finally {
    stopTyping();
  }
}

async function outcomeOf(deps: ModelAnswerDeps, turn: Turn, result: TurnResult): Promise<Outcome> {
  const { event, session } = turn;
  const sessionId = session.id;
  switch (result.kind) {
    case "answered":
      return answerWith(deps, event, {
        text: await withFolded(deps, turn, result.text),
        sessionId,
      });
    case "failed":
      deps.log.warn({ key: event.key, reason: result.reason }, "turn failed");
      return answerWith(deps, event, {
        text: await withFolded(deps, turn, result.publicText),
        ...{ sessionId, notice: true },
      });
    case "stopped":
      // The answer to `/stop` says it.
      return { kind: "done", beside: () => deps.sessions.sync(sessionId) };
    case "retry":
      return retryOrGiveUp(deps, turn, result);
    default:
      return assertNever(result);
  }
}

async function retryOrGiveUp(
  deps: ModelAnswerDeps,
  turn: Turn,
  { reason, publicText, afterMs }: Extract<TurnResult, { kind: "retry" }>,
): Promise<Outcome> {
  const { context } = turn;
  const backoff = backoffMs(context.attempt, { ...MODEL_BACKOFF, random: deps.random });
  const waitMs = afterMs ?? backoff;
  // A service that wants to be left alone for longer than anyone would wait has given its answer.
  if (deps.clock.now() + waitMs - context.firstAttemptAt < deps.policy().giveUpAfterMs) {
    return { kind: "retry", afterMs: waitMs, reason };
  }
  return giveUp(deps, turn, { reason, publicText });
}
