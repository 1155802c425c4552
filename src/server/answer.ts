import type { Commands, ParsedCommand } from "../commands/commands.ts";
import { effectKey, type InboundEvent } from "../events/event.ts";
import type { Handle, HandleContext, Outcome } from "../events/outcome.ts";
import { parseSource } from "../events/source.ts";
import { errorMessage } from "../runtime/errors.ts";
import { answerByModel, type ModelAnswerDeps, stopByModel } from "./answer-by-model.ts";
import { foldStale } from "./backlog.ts";
import { isHopeless } from "./bugs.ts";
import { countDeaths, isSuspect, poison } from "./deaths.ts";
import { deadLetter, giveUp } from "./give-up.ts";
import { answerWith } from "./replies.ts";
import { QUIET, type SoloTurns } from "./solo-turns.ts";
import { type StopDeps, stopTurn } from "./stop-turn.ts";

export interface AnswerDeps extends ModelAnswerDeps {
  readonly lanes: StopDeps["lanes"];
  readonly commands: Commands;
  readonly solo: SoloTurns;
  /** Whether an event of this key was published. */
  readonly knows: (key: string) => boolean;
  /** Channels whose messages this process answers; the others' wait for one that does. */
  readonly serves: (channel: string) => boolean;
}

export async function answer(
  deps: AnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  try {
    return await tryAnswer(deps, event, context);
  } catch (error) {
    const { giveUpAfterMs } = deps.policy();
    if (!isHopeless(error, context, { now: deps.clock.now(), giveUpAfterMs })) throw error;
    deps.log.error({ key: event.key, err: error }, "a message is given up for a bug");
    const { givenUp } = context.progress;
    // It may be the giving up itself, with its look at the history, that fails.
    if (givenUp) return deadLetter(deps, { event }, givenUp);
    return giveUp(deps, { event, context }, { reason: errorMessage(error), publicText: FAULT });
  }
}

const FAULT = "I could not answer this: there is a fault in me, which my owner can see in the log.";

async function tryAnswer(
  deps: AnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  if (!deps.serves(event.channel)) {
    return { kind: "wait", for: "a server", until: Number.POSITIVE_INFINITY };
  }
  const { givenUp } = context.progress;
  if (givenUp) return giveUp(deps, { event, context }, givenUp);
  if (hasAnswer(deps, event, context)) return { kind: "done" };
  const command = event.control ? deps.commands.find(event.content) : undefined;
  if (command) return answerCommand(deps, { event, context, command });
  const folded = await foldStale(deps, event, context);
  if (folded) return folded;
  if (event.content === "") return answerWith(deps, event, { text: cannotRead(event) });
  return answerByModel(deps, event, context);
}

/** A message that waits and is stopped, unless its end is settled already. */
async function endWaiting(
  deps: AnswerDeps,
  event: InboundEvent,
  context: HandleContext,
): Promise<Outcome> {
  const { givenUp } = context.progress;
  if (givenUp) return giveUp(deps, { event, context }, givenUp);
  if (hasAnswer(deps, event, context)) return { kind: "done", emit: [] };
  return stopByModel(deps, event, context);
}

/**
 * The process died between the answer and the settling. Whatever would come out now, the sender has had theirs; but one
 * who was told that it was given up gets the answer of a further try.
 */
function hasAnswer({ knows }: AnswerDeps, { key }: InboundEvent, { progress }: HandleContext) {
  const known = (effect: "reply" | "notice") => knows(effectKey(key, effect));
  return known("reply") || (!progress.revived && known("notice"));
}

interface CommandCall {
  readonly event: InboundEvent;
  readonly context: HandleContext;
  readonly command: ParsedCommand;
}

/** Nothing holds up a command, unless it may be what the process dies of. */
async function answerCommand(deps: AnswerDeps, call: CommandCall): Promise<Outcome> {
  const { event, context } = call;
  const deaths = countDeaths(context.progress, 0);
  const poisoned = poison(context.progress, { deaths, recent: deps.processDeaths.recent() });
  if (poisoned) return giveUp(deps, call, poisoned);
  const run = deps.runs.prepare(context, 0);
  const { key } = event;
  if (!isSuspect(deaths)) {
    return run.during({ deaths, alone: false }, () => runCommand(deps, call));
  }
  const entry = deps.solo.enter({ key, suspect: true, share: run.share });
  if (entry.kind === "wait") return { kind: "wait", for: QUIET, until: entry.until };
  try {
    await entry.ready;
    return await run.during({ deaths, alone: entry.alone }, () => runCommand(deps, call));
  } finally {
    deps.solo.leave(key);
  }
}

async function runCommand(deps: AnswerDeps, call: CommandCall): Promise<Outcome> {
  const { event, command } = call;
  const endNow: Handle<InboundEvent> = (head, context) => endWaiting(deps, head, context);
  const stop = () => stopTurn(deps, call, endNow);
  const text = await deps.commands.run(command, { ...commandContext(deps, event), stop });
  return answerWith(deps, event, { text });
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
