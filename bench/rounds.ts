import { loadavg } from "node:os";
import { median, type Spread, shuffled, spread } from "./statistics.ts";

/** Figures of one slice, by name; NaN where one could not be taken. */
export type Figures = Readonly<Record<string, number>>;

/** Somebody who takes part: does its work once and says what it took. */
export interface Contestant {
  readonly name: string;
  slice(): Promise<Figures>;
}

/** What the rounds gave, contestant by contestant. */
export interface Result {
  readonly name: string;
  readonly figures: Readonly<Record<string, Spread>>;
  /** The same figures over the reference's of the same round. */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** As they were taken. */
  readonly rounds: readonly Figures[];
}

export interface RoundsOptions {
  readonly rounds: number;
  /** No round begins later than this, ms from now; there is always one. */
  readonly budgetMs: number;
  /** The contestant that the others are compared with. */
  readonly reference: string;
  readonly note: (text: string) => void;
}

/**
 * Lets the contestants work one after another, in a new order each round. Other work on the machine makes absolute
 * figures useless, but hits neighbours in a round alike: what counts are the ratios inside a round.
 */
export async function runRounds(
  contestants: readonly Contestant[],
  { rounds, budgetMs, reference, note }: RoundsOptions,
): Promise<readonly Result[]> {
  const taken: ReadonlyMap<string, Figures>[] = [];
  const endsAt = Date.now() + budgetMs;
  for (let round = 1; round <= rounds && (round === 1 || Date.now() < endsAt); round += 1) {
    const figures = new Map<string, Figures>();
    for (const contestant of shuffled(contestants)) {
      figures.set(contestant.name, await contestant.slice());
    }
    taken.push(figures);
    note(`  round ${round} of ${rounds} (load ${loadavg()[0]?.toFixed(1)})\n`);
  }
  return contestants.map(({ name }) => summarize(name, taken, reference));
}

function summarize(
  name: string,
  taken: readonly ReadonlyMap<string, Figures>[],
  reference: string,
): Result {
  const keys = Object.keys(taken[0]?.get(name) ?? {});
  const of = (who: string, key: string) =>
    taken.map((round) => round.get(who)?.[key] ?? Number.NaN);
  const ratio = (key: string) => {
    const others = of(reference, key);
    return of(name, key).map((value, round) => value / (others[round] ?? Number.NaN));
  };
  const all = (take: (key: string) => number[]) =>
    Object.fromEntries(keys.map((key) => [key, spread(take(key))]));
  const rounds = taken.map((round) => round.get(name) ?? {});
  return { name, figures: all((key) => of(name, key)), ratios: all(ratio), rounds };
}

/** One contestant's median of a figure; NaN if it did not take part. */
export function medianOf(results: readonly Result[], name: string, key: string): number {
  return results.find((result) => result.name === name)?.figures[key]?.median ?? Number.NaN;
}

/** The median over the rounds of one contestant's figure over another's; NaN if one of them did not take part. */
export function ratioOf(
  results: readonly Result[],
  key: string,
  [name, other]: readonly [string, string],
): number {
  const roundsOf = (who: string) => results.find((result) => result.name === who)?.rounds ?? [];
  const others = roundsOf(other);
  return median(
    roundsOf(name).map(
      (round, index) => (round[key] ?? Number.NaN) / (others[index]?.[key] ?? Number.NaN),
    ),
  );
}
