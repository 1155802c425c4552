import type { Agent } from "../agents/agent.ts";
import { STOPPED } from "../agents/turn.ts";
import type { Clock } from "../runtime/clock.ts";
import type { SlotShares } from "./slot-shares.ts";
import { QUIET, type SoloTurn, type SoloTurns } from "./solo-turns.ts";

/** The turns that are running, so that a person can stop theirs, and an agent runs no more than it may. */
export interface RunningTurns {
  /** Begins a turn, or says what it waits for. One turn a source at a time; `end` must be called. */
  begin(turn: NewTurn): RunningTurn | TurnWait;
  /** False if no turn of this source was running. */
  stop(source: string): boolean;
}

export interface NewTurn extends SoloTurn {
  readonly source: string;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

export interface RunningTurn {
  readonly kind: "running";
  /** Aborts when the person stops the turn, and when the outer signal does. */
  readonly signal: AbortSignal;
  /** No other turn runs, and none begins before this one was told (`share`). */
  readonly alone: boolean;
  /** Nothing may be done before this resolves. */
  readonly ready: Promise<void>;
  end(): void;
}

export interface TurnWait {
  readonly kind: "wait";
  readonly for: string;
  readonly until: number;
}

export interface RunningTurnsDeps {
  readonly solo: SoloTurns;
  /** Of all turns, for each agent. */
  readonly shares: SlotShares;
  readonly clock: Pick<Clock, "now">;
  /** The event that has waited longest for this is handled again. */
  readonly wakeOne: (what: string) => void;
}

interface Entry {
  readonly agentId: string;
  readonly controller: AbortController;
}

/** What a turn waits for while its agent runs as many as it may, or has its share of all. */
const agentWake = (id: string) => `agent:${id}`;
const LOOK_AGAIN_MS = 60_000;

export function createRunningTurns(deps: RunningTurnsDeps): RunningTurns {
  const { solo, shares, clock, wakeOne } = deps;
  const running = new Map<string, Entry>();
  const hasRoom = ({ id, maxConcurrency = Number.POSITIVE_INFINITY }: Agent) =>
    [...running.values()].filter(({ agentId }) => agentId === id).length < maxConcurrency &&
    shares.hasRoom(id);
  return {
    begin(turn) {
      const { source, agent } = turn;
      if (!hasRoom(agent)) {
        return { kind: "wait", for: agentWake(agent.id), until: clock.now() + LOOK_AGAIN_MS };
      }
      const entry = solo.enter(turn);
      if (entry.kind === "wait") return { kind: "wait", for: QUIET, until: entry.until };
      shares.enter(agent.id);
      const { controller, detach } = follow(turn.signal);
      running.set(source, { agentId: agent.id, controller });
      return {
        ...{ kind: "running", signal: controller.signal, alone: entry.alone, ready: entry.ready },
        end() {
          detach();
          running.delete(source);
          solo.leave(turn.key);
          for (const id of shares.leave(agent.id)) wakeOne(agentWake(id));
        },
      };
    },
    stop(source) {
      const turn = running.get(source);
      turn?.controller.abort(STOPPED);
      return turn !== undefined;
    },
  };
}

/** A controller that aborts when the signal does. */
function follow(signal: AbortSignal) {
  const controller = new AbortController();
  // Not AbortSignal.any: on Node 20 each use leaves something behind on a signal that lives as long as the server.
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { controller, detach: () => signal.removeEventListener("abort", onAbort) };
}
