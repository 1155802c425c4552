import type { SeenLetters } from "./seen-letters.ts";

/** What was given up, and which of it nobody has looked at. */
export interface DeadLetters {
  /** How many nobody has looked at. */
  unseenCount(): number;
  /** Refs of the latest `count` of them, oldest first. */
  unseen(count: number): readonly string[];
  markSeen(refs: readonly string[]): Promise<void>;
  /** It is tried again: should it die again, that is news. */
  forgetSeen(ref: string): Promise<void>;
}

/** `failed`: refs of all dead letters, oldest first. */
export function createDeadLetters(failed: () => readonly string[], seen: SeenLetters): DeadLetters {
  const unseen = () => failed().filter((ref) => !seen.has(ref));
  return {
    unseenCount: () => unseen().length,
    unseen: (count) => unseen().slice(-count),
    markSeen: (refs) => seen.mark(refs, failed()),
    forgetSeen: seen.forget,
  };
}
