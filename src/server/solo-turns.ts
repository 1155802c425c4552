import type { Clock } from "../runtime/clock.ts";

/**
 * When many turns run as the process dies, nobody knows which one it died of. A suspect is therefore run alone: it
 * waits until no other turn runs, and while it waits and runs, others wait for it; each for a short time only, so that
 * nobody is held up by somebody else's trouble for long.
 */
export interface SoloTurns {
  enter(turn: SoloTurn): Entry;
  /** A turn that had entered is over. */
  leave(key: string): void;
}

export interface SoloTurn {
  readonly key: string;
  readonly suspect: boolean;
  /** It ran alone, and others are about to run beside it. Must not reject. */
  share(): Promise<void>;
}

/** Wait to be woken for `QUIET`, at the latest at a time; or go, as soon as `ready` resolves. */
export type Entry =
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "go"; readonly alone: boolean; readonly ready: Promise<void> };

/** What turns wait for that wait for others to end. */
export const QUIET = "quiet";

/** How long a suspect waits for the others to end, before it runs beside them. */
const SUSPECT_WAITS_MS = 30_000;
/** How long the others wait for suspects. */
const OTHERS_WAIT_MS = 5_000;

interface Wait {
  readonly since: number;
  readonly suspect: boolean;
}

interface State {
  readonly running: Set<string>;
  readonly waits: Map<string, Wait>;
  alone: SoloTurn | undefined;
  /** Resolves when the last one that ran alone is known not to any more. */
  shared: Promise<void>;
}

export function createSoloTurns({
  clock,
  wake,
}: {
  readonly clock: Pick<Clock, "now">;
  readonly wake: (what: string) => void;
}): SoloTurns {
  const state: State = {
    running: new Set(),
    waits: new Map(),
    alone: undefined,
    shared: Promise.resolve(),
  };
  return {
    enter(turn) {
      const now = clock.now();
      const wait = state.waits.get(turn.key) ?? { since: now, suspect: turn.suspect };
      const until = mustWaitUntil(state, turn, { ...wait, now });
      if (until !== undefined) {
        state.waits.set(turn.key, wait);
        return { kind: "wait", until };
      }
      state.waits.delete(turn.key);
      return go(state, turn);
    },
    leave(key) {
      state.running.delete(key);
      const wasAlone = state.alone?.key === key;
      if (wasAlone) state.alone = undefined;
      if (state.waits.size > 0 && (wasAlone || state.running.size === 0)) wake(QUIET);
    },
  };
}

interface Waiting {
  readonly since: number;
  readonly now: number;
}

function mustWaitUntil(state: State, turn: SoloTurn, { since, now }: Waiting): number | undefined {
  const until = since + (turn.suspect ? SUSPECT_WAITS_MS : OTHERS_WAIT_MS);
  const isHeld = turn.suspect ? state.running.size > 0 : state.alone || suspectWaits(state, now);
  return isHeld && now < until ? until : undefined;
}

/** One that could not go for a while holds back nobody: those that are running take their time. */
function suspectWaits({ waits }: State, now: number): boolean {
  return [...waits.values()].some(({ suspect, since }) => suspect && now - since < OTHERS_WAIT_MS);
}

function go(state: State, turn: SoloTurn): Entry {
  if (state.alone) state.shared = state.alone.share();
  const alone = turn.suspect && state.running.size === 0;
  state.alone = alone ? turn : undefined;
  state.running.add(turn.key);
  return { kind: "go", alone, ready: state.shared };
}
