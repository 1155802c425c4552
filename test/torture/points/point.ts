import type { Conversation, Platform } from "../../rig/conversation.ts";
import type { Ledger } from "../../rig/ledger.ts";
import type { Rig } from "../../rig/rig.ts";

/** A moment at which the process dies, or a trouble that it dies in. The numbers are those of docs/architecture.md. */
export interface Point {
  readonly number: number;
  readonly name: string;
  readonly platforms: readonly Platform[];
  /** It makes sense for a bot that keeps nothing on disk, too. */
  readonly plain: boolean;
  /** Each run needs a rig of its own, because it changes more than the people's chats. */
  readonly fresh?: boolean;
  /** Its first redelivery waits for something, and says nothing about the speed of a start. */
  readonly untimed?: boolean;
  /** Most of its time is waiting, too long for a short form: all runs go on at once. */
  readonly waits?: boolean;
  /** Why it cannot be tried here; undefined if it can. */
  readonly unavailable?: () => string | undefined;
  /** Resolves with what was wrong beyond what is judged after every point. */
  play(stage: Stage): Promise<readonly string[]>;
}

/** One run of a point: a bot, and people who write to it alone. */
export interface Stage {
  readonly rig: Rig;
  readonly platform: Platform;
  readonly ledger: Ledger;
  /** Somebody who has not written before. */
  person(): Conversation;
  /** Waits until nothing more is to be expected; also resolves if something is lost. */
  settled(): Promise<void>;
}

/** Gathers sentences about what does not hold. */
export interface Findings {
  readonly found: readonly string[];
  hold(isSo: boolean, sentence: string): void;
}

export function createFindings(): Findings {
  const found: string[] = [];
  return { found, hold: (isSo, sentence) => void (isSo || found.push(sentence)) };
}
