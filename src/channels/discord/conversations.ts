import { backoffMs } from "../../runtime/backoff.ts";
import { createLimit } from "../../runtime/limit.ts";
import type { IncomingMessage, Receiver } from "../channel.ts";
import type { Beginning } from "./beginning.ts";
import { type Conversation, createConversation } from "./conversation.ts";
import { rateLimitOf, reasonOf } from "./errors.ts";
import { createHistory } from "./history.ts";
import type { Intake } from "./intake.ts";
import { type ConversationKey, type KeptMarks, parseConversationKey } from "./kept-marks.ts";
import type { Entry } from "./wire.ts";

/** All conversations of a bot; each one is in order and waits for none of the others. */
export interface Conversations {
  push(key: ConversationKey, entry: Entry): void;
  /** Messages may have been missed there. */
  fallBehind(key: ConversationKey): void;
  /** Messages may have been missed anywhere. */
  allFallBehind(): void;
  /** Resolves when nothing is running; after the signal has aborted that is for good. */
  settled(): Promise<void>;
}

export interface ConversationsDeps {
  readonly intake: Intake;
  readonly kept: KeptMarks;
  readonly beginning: Beginning;
  readonly botId: string;
}

/** How many conversations read their history at once. */
const CONCURRENT_CATCH_UPS = 4;
const RETRY = { firstMs: 500, maxMs: 30_000 };

/** Only conversations that have something to do are held: quiet ones cost nothing but their mark. */
export function createConversations(deps: ConversationsDeps): Conversations {
  const { intake, kept } = deps;
  const { clock, signal, receiver } = intake;
  const busy = new Map<ConversationKey, Conversation>();
  /** Where the bot sees nothing. Hearing something there again means that it sees what it has missed, too. */
  const refused = new Set<ConversationKey>();
  const limit = createLimit(CONCURRENT_CATCH_UPS);

  function open(key: ConversationKey): Conversation {
    const known = busy.get(key);
    if (known) return known;
    const { kind, channelId } = parseConversationKey(key);
    const conversation = createConversation({
      clock,
      signal,
      limit,
      take: (entries) => take(entries, receiver),
      history: createHistory({
        ...intake,
        ...deps,
        kind,
        channelId,
        onClosed(reason, how) {
          if (how === "refused") refused.add(key);
          intake.log.warn({ channelId, reason }, "cannot read the history");
        },
      }),
      mark: { get: () => kept.get(key), set: (id) => kept.set(key, id) },
      waitMs: (error, failures) => waitAfter(error, { failures, channelId, intake }),
      onIdle: () => void busy.delete(key),
    });
    busy.set(key, conversation);
    return conversation;
  }

  return {
    push(key, entry) {
      if (refused.delete(key)) open(key).fallBehind();
      open(key).push(entry);
    },
    fallBehind: (key) => open(key).fallBehind(),
    allFallBehind() {
      for (const key of kept.keys()) open(key).fallBehind();
    },
    async settled() {
      await Promise.all([...busy.values()].map((conversation) => conversation.settled()));
    },
  };
}

/** Gives runs of messages to `accept`, and what could not be read to `setAside`, in order. */
async function take(entries: readonly Entry[], receiver: Receiver): Promise<void> {
  let run: IncomingMessage[] = [];
  const acceptRun = async () => {
    if (run.length > 0) await receiver.accept(run);
    run = [];
  };
  for (const { message, broken } of entries) {
    if (message) run.push(message);
    if (!broken) continue;
    await acceptRun();
    await receiver.setAside(broken.payload, broken.reason);
  }
  await acceptRun();
}

function waitAfter(
  error: unknown,
  { failures, channelId, intake }: { failures: number; channelId: string; intake: Intake },
): number {
  const ms = rateLimitOf(error) ?? backoffMs(failures, { ...RETRY, random: intake.random });
  const fields = { channelId, failures, retryInMs: ms, reason: reasonOf(error) };
  intake.log.warn(fields, "a conversation is behind: its messages are read again");
  return ms;
}
