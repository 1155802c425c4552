import type { GivenUp, Progress } from "../events/outcome.ts";

const SUSPECT = 2;
const POISON = 3;
/** The most by which deaths of other things put off the blame: a message that kills must not do so for ever. */
const MOST_DOUBTS = 3;

/** How often in a row the process has died during this turn, of which `steps` are complete now. */
export function countDeaths({ run, deaths = 0 }: Progress, steps: number): number {
  if (!run) return deaths;
  return steps > run.steps ? 0 : deaths + 1;
}

/** It may be what the process dies of: to find out, it is run alone. */
export const isSuspect = (deaths: number) => deaths >= SUSPECT;

/**
 * Why it must not be tried again, if so. A process that dies for other reasons dies beside other turns, or moves on, or
 * has died of them just before: each of its `recent` deaths that was none at this message asks for one more at it.
 */
export function poison(
  { run }: Progress,
  { deaths, recent }: { readonly deaths: number; readonly recent: number },
): GivenUp | undefined {
  const doubts = Math.min(Math.max(recent - deaths, 0), MOST_DOUBTS);
  if (deaths < POISON + doubts || !run?.alone) return undefined;
  return {
    reason: `the process died ${deaths} times in a row at this message, the last time while nothing else ran`,
    publicText: `I stopped ${deaths} times while working on this message, so I set it aside.`,
    setAside: true,
  };
}
