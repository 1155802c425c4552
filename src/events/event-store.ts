import type { Event, EventType, NewEvent } from "./event.ts";
import type { Note } from "./note.ts";

/**
 * Where events are durable. A `ref` names one event for its whole life; refs sort in order of acceptance, and
 * `parseEventFileName(ref)` tells its lane. The conformance suite is `test/contracts/event-store-contract.ts`.
 *
 * Legal order of an event: published (owed) → settled `done`, or `failed` → (an operator) owed again, or `done`.
 */
export interface EventStore {
  /** Takes up what was left by the last process. Call once, before anything else. */
  open(): Promise<OpenedStore>;
  /**
   * Makes events durable, in order. After the first failure nothing later is made; what came before it is durable and
   * in `stored`. A key that is known already (owed, done or failed) changes nothing and is not in `stored`. Rejects only
   * on a bug. `settling`: the events are the result of something finished, for which reserved space is given up.
   */
  publish(
    events: readonly NewEvent[],
    options?: { readonly settling: boolean },
  ): Promise<Published>;
  /** Whether an event of this key is owed, done or dead, as far back as is remembered. */
  knows(key: string): boolean;
  /**
   * The event; undefined if it is neither owed nor dead (any more), or could not be read and was set aside for good.
   * Rejects if reading may work later.
   */
  read(ref: string): Promise<Event | undefined>;
  readNote(ref: string): Promise<Note>;
  /** With `sync` the note survives a power cut when this resolves; without, only the death of the process. */
  writeNote(ref: string, note: Note, options: { sync: boolean }): Promise<void>;
  /** One rename; durable when it resolves if `sync`, else lost at worst to a power cut, after which it is owed again. */
  settle(ref: string, to: "done" | "failed", options: { sync: boolean }): Promise<void>;
  /** An operator's decision: a dead event is owed again, with its progress, as if it had not been tried; why it failed is kept. Durable. */
  revive(ref: string): Promise<EventType>;
  /** An operator's decision: a dead event counts as done. Durable. */
  discard(ref: string): Promise<void>;
  /** Refs of dead letters, oldest first. */
  failed(): readonly string[];
  /** Puts away what could not be understood. Durable. */
  setAside(name: string, contents: string, reason: string): Promise<void>;
  /** Forgets events settled long ago, but none whose cause or effect is owed. Resolves with how many. */
  prune(): Promise<number>;
  /** Whether writing works: of the last write, or of a probe when writing was refused. */
  health(): StoreHealth;
  /** Calls back whenever writing begins to fail. Returns the way to stop. */
  onFailing(listener: () => void): () => void;
  /** Tries to write; after a failed directory sync nothing else is accepted until this resolves. */
  probe(): Promise<void>;
  counts(): { readonly failed: number; readonly quarantined: number };
}

export interface Stored {
  readonly ref: string;
  readonly type: EventType;
  /** The idempotency key in full. */
  readonly key: string;
}

export interface Published {
  readonly stored: readonly Stored[];
  /** Why the rest is not durable. */
  readonly error?: Error | undefined;
}

export interface OpenedStore {
  /** Refs of owed events, oldest first. */
  readonly owed: Readonly<Record<EventType, readonly string[]>>;
}

export type StoreHealth =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly since: number };
