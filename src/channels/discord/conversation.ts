import type { Clock } from "../../runtime/clock.ts";
import type { Limit } from "../../runtime/limit.ts";
import { compareIds, idBefore, newerId } from "./snowflake.ts";
import type { Entry } from "./wire.ts";

export interface ConversationDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Shared by all conversations: how many read their history at once. */
  readonly limit: Limit;
  /** Resolves when all of them are durable. */
  take(entries: readonly Entry[]): Promise<void>;
  readonly history: History;
  readonly mark: {
    get(): string | undefined;
    /** Resolves at once, except for the first mark of a conversation: that one is on disk then. */
    set(id: string): Promise<void>;
  };
  /** Milliseconds until the next try after this failure, the `failures`th in a row. Must not throw. */
  waitMs(error: unknown, failures: number): number;
  /** Nothing is left to do. */
  onIdle(): void;
}

export interface History {
  /** The oldest messages after this id. */
  readPage(after: string): Promise<HistoryPage>;
  /** Where to begin without a mark: messages after this id are read. Undefined if the history is closed to the bot. */
  findStart(): Promise<string | undefined>;
}

export type HistoryPage =
  /** Oldest first. */
  | { readonly kind: "page"; readonly entries: readonly Entry[]; readonly isLast: boolean }
  /** The channel is gone, or the bot may not read it. */
  | { readonly kind: "closed" };

/** One conversation's way from Discord to the receiver, in order. */
export interface Conversation {
  /** A message that the gateway told. */
  push(entry: Entry): void;
  /** Messages may have been missed: the history is read before anything later is taken. */
  fallBehind(): void;
  /** Resolves when nothing is running; after the signal has aborted that is for good. */
  settled(): Promise<void>;
}

/** More live messages than this are not held while others are taken or read: the history has them. */
const MAX_WAITING = 500;

interface State {
  mode: "live" | "behind";
  /** Messages may have been missed since the running pass over the history began. */
  missed: boolean;
  /** Live messages that are not durable yet, in order of arrival. */
  readonly waiting: Map<string, Entry>;
  /** The mark: everything up to here is durable. */
  position: string | undefined;
  /** In a row. */
  failures: number;
}

/**
 * live ──taking fails, or messages may have been missed──► behind ──the history was read to its end──► live
 *
 * Live messages wait while the conversation is behind. What the history has given leaves the waiting ones; what both
 * give is stopped by its key. The mark moves only after `take`, so that it always ends a gapless durable prefix.
 */
export function createConversation(deps: ConversationDeps): Conversation {
  const { signal } = deps;
  const state: State = {
    mode: "live",
    missed: false,
    waiting: new Map(),
    position: deps.mark.get(),
    failures: 0,
  };
  let running: Promise<void> | undefined;
  const hasWork = () => !signal.aborted && (state.mode === "behind" || state.waiting.size > 0);

  async function run(): Promise<void> {
    while (hasWork()) {
      try {
        if (state.mode === "behind") await deps.limit(() => catchUp(state, deps));
        else await takeWaiting(state, deps);
      } catch (error) {
        if (signal.aborted) return;
        state.mode = "behind";
        state.failures += 1;
        await sleepUnlessAborted(deps.waitMs(error, state.failures), deps);
      }
    }
  }

  function start(): void {
    running ??= run().finally(() => {
      running = undefined;
      // Something may have come after the loop had looked for the last time.
      if (hasWork()) start();
      else deps.onIdle();
    });
  }

  function fallBehind(): void {
    state.mode = "behind";
    state.missed = true;
    start();
  }

  return {
    push(entry) {
      if (state.waiting.size >= MAX_WAITING) return fallBehind();
      state.waiting.set(entry.id, entry);
      start();
    },
    fallBehind,
    settled: async () => running,
  };
}

/** Takes what the gateway told. The first mark is just before it, so that a failure or a crash finds it again. */
async function takeWaiting(state: State, deps: ConversationDeps): Promise<void> {
  const entries = [...state.waiting.values()];
  if (state.position === undefined) await moveTo(idBefore(oldestId(entries)), state, deps);
  await takeAll(entries, state, deps);
}

/** One pass over the history, from the mark to the end. */
async function catchUp(state: State, deps: ConversationDeps): Promise<void> {
  state.missed = false;
  if (state.position === undefined) await findStart(state, deps);
  let isLast = state.position === undefined;
  while (!isLast && !deps.signal.aborted) {
    const page = await deps.history.readPage(state.position ?? "0");
    if (page.kind === "closed") break;
    await takeAll(page.entries, state, deps);
    isLast = page.isLast;
  }
  if (!state.missed) state.mode = "live";
}

/** Never after what waits: the mark must not pass what is not durable. */
async function findStart(state: State, deps: ConversationDeps): Promise<void> {
  const start = await deps.history.findStart();
  if (start === undefined) return;
  const waiting = [...state.waiting.values()];
  const before = waiting.length > 0 ? idBefore(oldestId(waiting)) : start;
  await moveTo(compareIds(before, start) < 0 ? before : start, state, deps);
}

async function takeAll(
  entries: readonly Entry[],
  state: State,
  deps: ConversationDeps,
): Promise<void> {
  if (entries.length === 0 || deps.signal.aborted) return;
  await deps.take(entries);
  state.failures = 0;
  for (const { id } of entries) state.waiting.delete(id);
  await moveTo(entries.map(({ id }) => id).reduce(newerId), state, deps);
}

async function moveTo(id: string, state: State, { mark }: ConversationDeps): Promise<void> {
  state.position = newerId(state.position, id);
  await mark.set(state.position);
}

const oldestId = (entries: readonly Entry[]): string =>
  entries.map(({ id }) => id).reduce((a, b) => (compareIds(a, b) < 0 ? a : b));

async function sleepUnlessAborted(ms: number, { clock, signal }: ConversationDeps): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
