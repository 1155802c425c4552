import type { SessionMessage } from "./session-store.ts";

/** Messages of the sessions used last, so that a turn does not read its whole history from disk again. */
export interface MessageCache {
  get(sessionId: string): readonly SessionMessage[] | undefined;
  set(sessionId: string, messages: readonly SessionMessage[]): void;
  /** Adds a message to a session that is held; no effect on others. */
  add(sessionId: string, message: SessionMessage): void;
}

interface Entry {
  readonly messages: SessionMessage[];
  chars: number;
}

/** What a message costs beside its texts, in characters. */
const OVERHEAD = 200;

/** Holds at most `maxChars` characters; the sessions used longest ago go first. */
export function createMessageCache(maxChars: number): MessageCache {
  const entries = new Map<string, Entry>();
  let total = 0;

  function take(sessionId: string): Entry | undefined {
    const entry = entries.get(sessionId);
    if (!entry) return undefined;
    entries.delete(sessionId);
    total -= entry.chars;
    return entry;
  }

  function put(sessionId: string, entry: Entry): void {
    entries.set(sessionId, entry);
    total += entry.chars;
    for (const [oldest] of entries) {
      if (total <= maxChars) return;
      take(oldest);
    }
  }

  return {
    get(sessionId) {
      const entry = take(sessionId);
      if (entry) put(sessionId, entry);
      // A copy: what a caller was given must not grow under its hands.
      return entry?.messages.slice();
    },
    set(sessionId, messages) {
      take(sessionId);
      const chars = messages.reduce((sum, message) => sum + sizeOf(message), 0);
      put(sessionId, { messages: messages.slice(), chars });
    },
    add(sessionId, message) {
      const entry = take(sessionId);
      if (!entry) return;
      entry.messages.push(message);
      entry.chars += sizeOf(message);
      put(sessionId, entry);
    },
  };
}

function sizeOf(message: SessionMessage): number {
  const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
  const args = calls.reduce((sum, call) => sum + call.arguments.length + OVERHEAD, 0);
  return message.content.length + args + OVERHEAD;
}
