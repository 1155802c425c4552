import { backoffMs } from "../../runtime/backoff.ts";
import { pause } from "../../runtime/clock.ts";
import { repeatUntilAborted } from "../reconnect.ts";
import { type Beginning, createBeginning } from "./beginning.ts";
import { registerCommands } from "./commands.ts";
import { type Conversations, createConversations } from "./conversations.ts";
import { createDirectMessages, type DirectMessages } from "./direct-messages.ts";
import { rateLimitOf, reasonOf } from "./errors.ts";
import { type Account, type GatewayListener, runGateway } from "./gateway.ts";
import type { Intake } from "./intake.ts";
import { takeInteraction } from "./interactions.ts";
import { conversationKey, createKeptMarks, type KeptMarks } from "./kept-marks.ts";
import { createReporter, type Reporter } from "./reporter.ts";
import { createTasks, type Tasks } from "./tasks.ts";
import { explainTrouble } from "./trouble.ts";
import { readMessage, readPlace } from "./wire.ts";

/** What lasts over all connections of one `receive`. */
interface Receiving {
  readonly intake: Intake;
  readonly kept: KeptMarks;
  readonly beginning: Beginning;
  readonly directMessages: DirectMessages;
  readonly reporter: Reporter;
  readonly tasks: Tasks;
  /** Undefined until Discord has said who the bot is. */
  bot: Bot | undefined;
}

interface Bot {
  readonly account: Account;
  readonly conversations: Conversations;
}

/** A connection that held this long was a good one: the next one is not waited for any longer than the first. */
const GOOD_CONNECTION_MS = 60_000;
/** A named user's private chat that does not open in this time does not hold up the report of the connection. */
const PREPARING_MS = 5_000;
const OPENING_RETRY = { firstMs: 1_000, maxMs: 60_000 };

/**
 * Receives until the signal aborts. `whenTokenRefused` gives, for one connection, a signal that aborts when a request
 * beside it was answered by 401: only a new connection tells whether that lasts.
 */
export async function receiveDiscord(
  intake: Intake,
  whenTokenRefused: () => AbortSignal,
): Promise<void> {
  const { options, receiver, signal, clock, random } = intake;
  const kept = createKeptMarks(options, intake.marks);
  const beginning = createBeginning(intake.marks, clock, intake.rest);
  const receiving: Receiving = {
    intake,
    kept,
    beginning,
    directMessages: createDirectMessages(intake, kept, beginning),
    reporter: createReporter(intake),
    tasks: createTasks(intake),
    bot: undefined,
  };
  receiver.report({ kind: "connecting" });
  await beginning.keep();
  let toldToStop: number | undefined;
  const onAbort = () => {
    toldToStop = clock.now();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  await repeatUntilAborted(() => connectOnce(receiving, whenTokenRefused()), {
    clock,
    random,
    signal,
    onFailure(error) {
      const { state, wait } = explainTrouble(error, options.apiRoot);
      receiving.reporter.failing(state);
      return wait;
    },
  });
  await receiving.tasks.settled();
  await receiving.bot?.conversations.settled();
  beginning.endedAt(toldToStop ?? clock.now());
  await intake.marks.flush();
}

/** Rejects with what ended the connection; resolves when told to stop, and also if it had been a good one. */
async function connectOnce(receiving: Receiving, refused: AbortSignal): Promise<void> {
  const { intake, reporter } = receiving;
  const over = new AbortController();
  const signal = AbortSignal.any([intake.signal, refused, over.signal]);
  const since = intake.clock.now();
  try {
    await runGateway(
      { ...intake, apiRoot: intake.options.apiRoot, token: intake.options.token },
      listenerOf(receiving, signal),
      signal,
    );
    if (!intake.signal.aborted) refused.throwIfAborted();
  } catch (error) {
    if (intake.signal.aborted || intake.clock.now() - since < GOOD_CONNECTION_MS) throw error;
    reporter.failing(explainTrouble(error, intake.options.apiRoot).state);
  } finally {
    over.abort();
  }
}

function listenerOf(receiving: Receiving, signal: AbortSignal): GatewayListener {
  const { intake, reporter, tasks } = receiving;
  return {
    onReady(account) {
      receiving.bot ??= meet(account, receiving);
      receiving.bot.conversations.allFallBehind();
      reporter.restored();
      const { bot } = receiving;
      tasks.start(() => prepare(receiving, bot, signal));
      tasks.start(() => registerCommands(intake, account.applicationId));
    },
    onResumed() {
      receiving.bot?.conversations.allFallBehind();
      reporter.restored();
    },
    onEvent(type, payload) {
      if (type === "MESSAGE_CREATE") takeMessage(payload, receiving);
      const { bot } = receiving;
      if (type !== "INTERACTION_CREATE" || !bot) return;
      tasks.start(() => takeInteraction(payload, bot.account.userId, intake));
    },
    onLost: reporter.lost,
    onAlive: reporter.alive,
  };
}

function meet(account: Account, receiving: Receiving): Bot {
  const conversations = createConversations({ ...receiving, botId: account.userId });
  return { account, conversations };
}

/** Reports the connection when each named user's private chat has its mark, and goes on trying if that takes long. */
async function prepare(
  { intake, kept, beginning, directMessages, reporter }: Receiving,
  { account: { username }, conversations }: Bot,
  signal: AbortSignal,
): Promise<void> {
  const { clock, marks, random, log } = intake;
  const late = new AbortController();
  const reportLate = clock.sleep(PREPARING_MS, AbortSignal.any([signal, late.signal])).then(
    () => reporter.ready(username),
    () => undefined, // Not late, or over: nothing is to be reported here.
  );
  for (let failures = 0; !signal.aborted; ) {
    try {
      await directMessages.open(conversations.fallBehind);
      kept.forgetOthers();
      beginning.forget();
      await marks.flush();
      break;
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      const ms = rateLimitOf(error) ?? backoffMs(failures, { ...OPENING_RETRY, random });
      log.warn({ retryInMs: ms, reason: reasonOf(error) }, "cannot open every private chat yet");
      await pause(clock, ms, signal);
    }
  }
  late.abort();
  await reportLate;
  if (!signal.aborted) reporter.ready(username);
}

function takeMessage(payload: unknown, { intake, kept, bot, tasks }: Receiving): void {
  const place = readPlace(payload);
  const entry = place && bot && readMessage(payload, { botId: bot.account.userId, ...place });
  if (!place || !bot || !entry) {
    tasks.start(() => intake.receiver.setAside(payload, "a message that has no place"));
    return;
  }
  const key = conversationKey(place.kind, place.channelId);
  if (entry.message && place.kind === "private") kept.knows(key, entry.message.sender.id);
  bot.conversations.push(key, entry);
}
