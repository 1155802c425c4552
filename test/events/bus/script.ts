import type { Event } from "../../../src/events/event.ts";
import type { Handle, HandleContext, Outcome } from "../../../src/events/outcome.ts";

/** One call of a handler that a test looks at, and ends. */
export interface HandledCall {
  readonly key: string;
  readonly event: Event;
  readonly context: HandleContext;
  readonly end: (outcome: Outcome) => void;
  readonly fail: (error: unknown) => void;
}

/** A handler of which a test decides each outcome: at once by a rule, or later by `end`. */
export interface ScriptedHandler {
  readonly handle: Handle<Event>;
  readonly calls: readonly HandledCall[];
  /** Keys of the calls, in order. */
  keys(): string[];
  /** The last call for this key. */
  call(key: string): HandledCall;
  /** The most that ever ran at once. */
  most(): number;
}

export type Rule = (event: Event, context: HandleContext) => Outcome | "later" | Promise<Outcome>;

export const DONE: Outcome = { kind: "done" };
export const LATER: Rule = () => "later";

export function scriptedHandler(rule: Rule = () => DONE): ScriptedHandler {
  const calls: HandledCall[] = [];
  let running = 0;
  let most = 0;

  function decide(event: Event, context: HandleContext): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      calls.push({ key: event.key, event, context, end: resolve, fail: reject });
      const outcome = rule(event, context);
      if (outcome !== "later") resolve(outcome);
    });
  }

  return {
    async handle(event, context) {
      running += 1;
      most = Math.max(most, running);
      try {
        return await decide(event, context);
      } finally {
        running -= 1;
      }
    },
    calls,
    keys: () => calls.map(({ key }) => key),
    call(key) {
      const call = calls.findLast((candidate) => candidate.key === key);
      if (!call) throw new Error(`${key} was not handled`);
      return call;
    },
    most: () => most,
  };
}
