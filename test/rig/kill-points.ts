import type { Conversation, Platform } from "./conversation.ts";
import { readAnswered } from "./deaths.ts";
import type { Rig } from "./rig.ts";

/** A moment of a message's way at which the server is killed, seen from outside. */
export interface KillPoint {
  readonly name: string;
  /** Without it, the point exists on every platform. */
  readonly platform?: Platform;
  /** Platform messages that the answer takes; 1 by default. */
  readonly parts?: number;
  /** The model calls a tool before it answers. */
  readonly tool?: boolean;
  /** Watches for the moment. Called before the person writes; returns the way to stop watching. */
  arm(trap: Trap): () => void;
}

export interface Trap {
  readonly rig: Rig;
  readonly chat: Conversation;
  /** Kills at once, or after some milliseconds, and only once. What it returns lets a fake's hook end with a cut. */
  kill(afterMs?: number): "abandon";
  /** Runs when the person has written. */
  onAsked(then: () => void): void;
}

const nothing = () => {};

/** Telegram: the updates are on the wire. Discord: the gateway has told of the message. */
export function fetched(afterMs: number): readonly KillPoint[] {
  const name = `message fetched, +${afterMs} ms`;
  return [
    {
      name,
      platform: "telegram",
      arm: ({ rig, kill }) =>
        rig.telegram.onRequest("getUpdates", "answered", ({ result }) => {
          if (Array.isArray(result) && result.length > 0) kill(afterMs);
        }),
    },
    {
      name,
      platform: "discord",
      arm({ kill, onAsked }) {
        onAsked(() => kill(afterMs));
        return nothing;
      },
    },
  ];
}

/** The next poll says that the messages may be forgotten; `processed`: Telegram has forgotten them. */
export function confirmed(processed: boolean): KillPoint {
  return {
    name: `confirmation ${processed ? "taken" : "arrived"}`,
    platform: "telegram",
    arm: ({ rig, kill }) =>
      rig.telegram.onRequest(
        ({ name, body }) => name === "getUpdates" && hasOffset(body),
        "arrived",
        () => {
          if (!processed) return kill();
          // It is handled, and its answer held back by the long poll, right after this hook.
          setImmediate(kill);
          return undefined;
        },
      ),
  };
}

const hasOffset = (body: unknown) =>
  typeof body === "object" && body !== null && "offset" in body && Number(body.offset) > 0;

/** The n-th request to the model is there, and nothing is answered. The second one is that after a tool has run. */
export function modelInFlight(n = 1): KillPoint {
  return {
    name: n === 1 ? "model call in flight" : "model call after a tool in flight",
    tool: n > 1,
    arm({ rig: { model }, kill }) {
      let count = 0;
      model.onRequest = () => {
        count += 1;
        if (count === n) kill();
      };
      return () => {
        model.onRequest = undefined;
      };
    },
  };
}

/** The whole answer of the model is on the wire; with `tool` it is the call of a tool. */
export function modelAnswered(afterMs: number, { tool = false } = {}): KillPoint {
  return {
    name: `${tool ? "tool call" : "model"} answered, +${afterMs} ms`,
    tool,
    arm({ rig: { model }, kill }) {
      model.onAnswered = () => void kill(afterMs);
      return () => {
        model.onAnswered = undefined;
      };
    },
  };
}

/** The answer is in the session's file, and the message not settled yet: looked for from outside. */
export const answerKept: KillPoint = {
  name: "answer in the history, not in pending/",
  arm({ rig, kill }) {
    const before = readAnswered(rig).size;
    const timer = setInterval(() => {
      if (readAnswered(rig).size > before) kill();
    }, 1);
    return () => clearInterval(timer);
  },
};

/** The k-th request to post into the chat. */
function sendPoint(
  phase: "arrived" | "posted",
  { k, parts }: { readonly k: number; readonly parts: number },
): KillPoint {
  const what = phase === "arrived" ? "arrived, not posted" : "posted, not answered";
  return {
    name: parts === 1 ? `send ${what}` : `part ${k} of ${parts} ${what}`,
    parts,
    arm({ chat, kill }) {
      let count = 0;
      return chat.onSend(phase, () => {
        count += 1;
        return count === k ? kill() : undefined;
      });
    },
  };
}

export const sendArrived = (k = 1, parts = 1) => sendPoint("arrived", { k, parts });
export const sendPosted = (k = 1, parts = 1) => sendPoint("posted", { k, parts });

export function sendAnswered(afterMs: number): KillPoint {
  return {
    name: `send answered, +${afterMs} ms`,
    arm: ({ chat, kill }) => chat.onSend("answered", () => kill(afterMs)),
  };
}
