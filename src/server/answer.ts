import type { Agent } from "../agents/agent.ts";
import type { AgentCatalog } from "../agents/agent-catalog.ts";
import { runTurn, type TurnDeps, type TurnResult } from "../agents/turn.ts";
import { endTurn, type TurnEnd } from "../agents/turn-end.ts";
import { userText } from "../agents/user-text.ts";
import type { Commands } from "../commands/commands.ts";
import type { InboundEvent, NewEvent } from "../events/event.ts";
import type { HandleContext, Outcome } from "../events/outcome.ts";
import { parseSource } from "../events/source.ts";
import { assertNever } from "../runtime/assert-never.ts";
import { backoffMs } from "../runtime/backoff.ts";
import type { Session, SessionStore } from "../sessions/session-store.ts";
import type { Owner } from "./replies.ts";
import { noticeTo, replyTo } from "./replies.ts";
import type { RunningTurns } from "./running-turns.ts";
import { keepTyping, type TypingDeps } from "./typing.ts";

export interface AnswerDeps extends TypingDeps {
  readonly sessions: SessionStore;
  readonly agents: AgentCatalog;
  readonly commands: Commands;
  readonly turns: RunningTurns;
  /** Model, prompt and limits as they are configured now. */
  readonly turnDeps: () => TurnDeps;
  readonly policy: () => AnswerPolicy;
  /** Channels whose messages this process answers; the others' wait for one that does. */
  readonly serves: (channel: string) => boolean;
  /** The event that has waited longest for this is handled again. */
  readonly wakeOne: (what: string) => void;
  readonly boot: string;
  readonly random: () => number;
}

export interface AnswerPolicy {
  /** The agent of new conversations. */
  readonly defaultAgent: string;
  /** How long a failing model is tried before the person is told, ms. */
  readonly giveUpAfterMs: number;
  readonly owner: Owner | undefined;
  /** Tells the owner of a dead letter; nothing if there is no owner to tell. */
  readonly deadLetterNotice: (event: InboundEvent, reason: string) => readonly NewEvent[];
}

/** What a turn waits for while its agent runs as many as it may. */
const agentWake = (id: string) => `agent:${id}`;
const LOOK_AGAIN_MS = 60_000;
const MODEL_BACKOFF = { firstMs: 1000, maxMs: 30_000 };

export async function answer(
  deps: AnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  if (!deps.serves(event.channel)) {
    return { kind: "wait", for: "a server", until: Number.POSITIVE_INFINITY };
  }
  const command = event.control ? deps.commands.find(event.content) : undefined;
  if (command) {
    const text = await deps.commands.run(command, commandContext(deps, event));
    return done(deps, event, { text });
  }
  if (event.content === "") return done(deps, event, { text: cannotRead(event) });
  return answerByModel(deps, event, context);
}

function commandContext({ policy }: AnswerDeps, event: InboundEvent) {
  const { source, channel, sender } = event;
  const parsed = parseSource(source);
  const platform = parsed.kind === "platform" ? parsed.platform : parsed.kind;
  const { owner } = policy();
  const { chat } = event.address;
  // A group may be set to hear of trouble; its members are not the owner for that.
  const ids = event.group ? [sender.id] : [sender.id, chat];
  const isOwner = owner?.channel === channel && ids.includes(owner.chat);
  // Whoever sits at the terminal could as well edit the files.
  return {
    ...{ source, channel, platform, sender, acceptedAt: event.timestamp },
    isOwner: isOwner || platform === "cli",
  };
}

function cannotRead({ attachments }: InboundEvent): string {
  const kinds = [...new Set(attachments?.map(({ kind }) => kind))].join(", ") || "this";
  return `I can only read text so far, not ${kinds}. Please write it as a message.`;
}

async function answerByModel(
  deps: AnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  const session = await resolveSession(deps, event, context);
  const agent =
    (await deps.agents.get(session.agentId)) ?? (await deps.agents.get(deps.policy().defaultAgent));
  if (!agent) {
    const text = `The agent "${session.agentId}" is not there any more. Send /clear to start fresh.`;
    return done(deps, event, { text, session, notice: true });
  }
  const slot = agentWake(agent.id);
  const running = deps.turns.begin(event.source, agent, context.signal);
  if (!running) return { kind: "wait", for: slot, until: deps.clock.now() + LOOK_AGAIN_MS };
  const ended = new AbortController();
  void keepTyping(deps, event, ended.signal);
  try {
    const { signal } = running;
    const result = await runTurn(
      deps.turnDeps(),
      turnRequest(event, { session, agent, signal, turn: turnOf(event, context) }),
    );
    return await outcomeOf(deps, { event, context, session }, result);
  } finally {
    ended.abort();
    running.end();
    deps.wakeOne(slot);
  }
}

/** Found when the turn first starts, and noted: a turn that resumes uses it even after `/clear`. */
async function resolveSession(
  { sessions, policy }: AnswerDeps,
  { source }: InboundEvent,
  context: HandleContext,
): Promise<Session> {
  const noted = context.progress.sessionId && sessions.get(context.progress.sessionId);
  if (noted) return noted;
  const session = await sessions.resolve(source, policy().defaultAgent);
  await context.note({ sessionId: session.id }, { sync: false });
  return session;
}

/** One that is tried again after it was given up is a turn of its own: the first one has ended in the history. */
function turnOf({ key }: InboundEvent, { progress }: HandleContext): string {
  return progress.revived ? `${key}/again-${progress.revived}` : key;
}

function turnRequest(
  event: InboundEvent,
  rest: { session: Session; agent: Agent; signal: AbortSignal; turn: string },
) {
  return { ...rest, content: userText(event), source: parseSource(event.source) };
}

interface Turn {
  readonly event: InboundEvent;
  readonly context: HandleContext;
  readonly session: Session;
}

async function outcomeOf(deps: AnswerDeps, turn: Turn, result: TurnResult): Promise<Outcome> {
  const { event, session } = turn;
  switch (result.kind) {
    case "answered":
      return done(deps, event, { text: result.text, session });
    case "failed":
      deps.log.warn({ key: event.key, reason: result.reason }, "turn failed");
      return done(deps, event, { text: result.publicText, session, notice: true });
    case "stopped":
      // The answer to `/stop` says it.
      return { kind: "done", beside: () => deps.sessions.sync(session.id) };
    case "retry":
      return retryOrGiveUp(deps, turn, result);
    default:
      return assertNever(result);
  }
}

async function retryOrGiveUp(
  deps: AnswerDeps,
  { event, context, session }: Turn,
  { reason, publicText, afterMs }: Extract<TurnResult, { kind: "retry" }>,
): Promise<Outcome> {
  const { giveUpAfterMs, deadLetterNotice } = deps.policy();
  const backoff = backoffMs(context.attempt, { ...MODEL_BACKOFF, random: deps.random });
  const waitMs = afterMs ?? backoff;
  // A service that wants to be left alone for longer than anyone would wait has given its answer.
  if (deps.clock.now() + waitMs - context.firstAttemptAt < giveUpAfterMs) {
    return { kind: "retry", afterMs: waitMs, reason };
  }
  const end: TurnEnd = { kind: "failed", publicText, reason };
  await endTurn(deps, { sessionId: session.id, turn: turnOf(event, context), end });
  const notice = noticeTo(event, { content: publicText, boot: deps.boot, sessionId: session.id });
  return { kind: "dead", reason, emit: [notice, ...deadLetterNotice(event, reason)] };
}

interface Answer {
  readonly text: string;
  readonly session?: Session;
  /** Tells of trouble instead of answering. */
  readonly notice?: boolean;
}

function done({ boot, sessions }: AnswerDeps, event: InboundEvent, answer: Answer): Outcome {
  const { text: content, session, notice } = answer;
  const text = { content, boot, sessionId: session?.id };
  const emit = [notice ? noticeTo(event, text) : replyTo(event, text)];
  return session
    ? { kind: "done", emit, beside: () => sessions.sync(session.id) }
    : { kind: "done", emit };
}
