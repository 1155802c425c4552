/** What both fake platforms share: faults that are ordered in advance, and hooks that run at an exact moment. */

/** How a fake is to treat a request instead of answering it well. Fields combine: a delay, then an error code. */
export interface Fault {
  /** Answers with this HTTP status and the platform's form of an error. Nothing is processed. */
  readonly code?: number;
  /** The error's text; a fitting one for `code` is the default. */
  readonly description?: string;
  /** Seconds, for code 429. */
  readonly retryAfter?: number;
  /** Waits before anything else. */
  readonly delayMs?: number;
  /** Cuts the connection; nothing is processed. */
  readonly drop?: boolean;
  /** Processes the request (the message is shown), then cuts the connection without an answer. */
  readonly deliverThenDrop?: boolean;
  /** Never answers, and keeps the connection; nothing is processed. */
  readonly hang?: boolean;
  /** Answers with an HTML page, as a proxy does, with status `code` (502 by default). Nothing is processed. */
  readonly html?: boolean;
}

/** A request as faults and hooks see it. `name` is a Telegram method, or "POST /channels/1/messages" on Discord. */
export interface FakeCall {
  readonly name: string;
  readonly body: unknown;
  /** What was answered, in the phases "posted" and "answered". */
  readonly result?: unknown;
}

/** A whole name, a pattern of it, or any test of the request. */
export type CallMatch = string | RegExp | ((call: FakeCall) => boolean);

function matches(match: CallMatch, call: FakeCall): boolean {
  if (typeof match === "string") return match === call.name;
  return match instanceof RegExp ? match.test(call.name) : match(call);
}

export interface Faults {
  /** The next `times` requests that match get this fault (Infinity until cleared). Earlier orders come first. */
  add(match: CallMatch, fault: Fault, times?: number): void;
  /** The fault for this request, which uses it up. */
  take(call: FakeCall): Fault | undefined;
  clear(): void;
}

export function createFaults(): Faults {
  const orders: { match: CallMatch; fault: Fault; left: number }[] = [];
  return {
    add: (match, fault, times = 1) => void orders.push({ match, fault, left: times }),
    take(call) {
      const order = orders.find(
        (candidate) => candidate.left > 0 && matches(candidate.match, call),
      );
      if (order) order.left -= 1;
      return order?.fault;
    },
    clear: () => void orders.splice(0),
  };
}

/**
 * `arrived`: read, nothing processed. `posted`: processed (a message is shown), nothing answered.
 * `answered`: the whole answer was handed to the operating system.
 */
export type CallPhase = "arrived" | "posted" | "answered";

/**
 * Runs synchronously at that exact moment, so that a test can kill the bot there. After "abandon" the fake does
 * nothing more with the request: unprocessed if it had only arrived, unanswered if it was posted; the socket is cut.
 */
export type CallHook = (call: FakeCall) => unknown;

export interface Hooks {
  /** Returns a function that takes the hook away. */
  on(match: CallMatch, phase: CallPhase, hook: CallHook): () => void;
  run(call: FakeCall, phase: CallPhase): "abandon" | undefined;
}

export function createHooks(): Hooks {
  const hooks = new Set<{ match: CallMatch; phase: CallPhase; hook: CallHook }>();
  return {
    on(match, phase, hook) {
      const entry = { match, phase, hook };
      hooks.add(entry);
      return () => void hooks.delete(entry);
    },
    run(call, phase) {
      let verdict: "abandon" | undefined;
      for (const entry of hooks) {
        if (entry.phase !== phase || !matches(entry.match, call)) continue;
        if (entry.hook(call) === "abandon") verdict = "abandon";
      }
      return verdict;
    },
  };
}
