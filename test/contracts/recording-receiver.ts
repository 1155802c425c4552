import type { ChannelState, IncomingMessage, Receiver } from "../../src/channels/channel.ts";

/** A receiver that remembers what it was given, and refuses or holds it on order. */
export interface RecordingReceiver extends Receiver {
  /** Messages whose accept has resolved, in order, repeats left out as the store would. */
  accepted(): readonly IncomingMessage[];
  texts(): readonly string[];
  /** Every batch that was given, refused ones and repeats included. */
  offered(): readonly (readonly IncomingMessage[])[];
  refused(): readonly IncomingMessage[];
  setAsides(): readonly { readonly payload: unknown; readonly reason: string }[];
  state(): ChannelState | undefined;
  states(): readonly ChannelState[];
  /** The next `times` batches reject, as with a full disk. */
  refuse(times: number): void;
  /** Batches wait until the returned function is called. */
  hold(): () => void;
}

export function recordingReceiver(commands: Receiver["commands"] = []): RecordingReceiver {
  const accepted = new Map<string, IncomingMessage>();
  const offered: (readonly IncomingMessage[])[] = [];
  const refused: IncomingMessage[] = [];
  const setAsides: { payload: unknown; reason: string }[] = [];
  const states: ChannelState[] = [];
  let refusals = 0;
  let held: Promise<void> | undefined;
  return {
    commands,
    async accept(messages) {
      offered.push(messages);
      await held;
      if (refusals > 0) {
        refusals -= 1;
        refused.push(...messages);
        throw new Error("Cannot store the batch: no space left on the device");
      }
      for (const message of messages) {
        if (!accepted.has(message.key)) accepted.set(message.key, message);
      }
    },
    async setAside(payload, reason) {
      setAsides.push({ payload, reason });
    },
    report: (state) => void states.push(state),
    accepted: () => [...accepted.values()],
    texts: () => [...accepted.values()].map((message) => message.text),
    offered: () => offered,
    refused: () => refused,
    setAsides: () => setAsides,
    state: () => states.at(-1),
    states: () => states,
    refuse(times) {
      refusals = times;
    },
    hold() {
      let release = () => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
}

/** Asserts until it holds; fails with the last assertion after `deadlineMs`. */
export async function eventually(
  assertion: () => void | Promise<void>,
  deadlineMs = 8_000,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
