/** Numbers that look random and are the same for the same seed (mulberry32). 0 ≤ n < 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Times between events that know nothing of each other. */
export const exponential = (random: () => number, meanMs: number): number =>
  -Math.log(1 - random()) * meanMs;
