import type { Address, Attachment, RepliedMessage, Sender } from "../events/event.ts";

/**
 * A connection to one bot account on one platform. An adapter is a function of options that returns this; its folder
 * has `wire.ts` (what the platform says and wants to hear) apart from `channel.ts` (talking to it).
 * The contract is `test/contracts/channel-contract.ts`.
 */
export interface Channel {
  /** The key in the configuration; several channels may share one platform. */
  readonly name: string;
  readonly platform: string;
  readonly limits: ChannelLimits;
  /** Puts what the platform cannot show into what it can, before the text is split. The same text gives the same. */
  prepare?(markdown: string): Promise<string>;
  /** Where people come to fetch replies: one that nobody fetched for so long (ms) is settled as unread. */
  unreadAfterMs?(to: Address): number;
  /**
   * Receives until the signal aborts, then resolves when nothing is in flight any more. Connects, and connects again
   * with backoff, by itself; a refused token or a second poller is reported as state and retried, never thrown.
   * Rejects only on a bug.
   */
  receive(receiver: Receiver, signal: AbortSignal): Promise<void>;
  /** Sends one part. Resolves when the platform has confirmed it, rejects with a DeliveryError. Makes one attempt. */
  send(part: OutgoingPart, to: Address, context: SendContext): Promise<Receipt>;
  /** Shows "typing…" once; the platform lets it fade after some seconds. Failing is fine: nothing depends on it. */
  typing?(to: Address, signal: AbortSignal): Promise<void>;
  /**
   * For a part whose send was ambiguous: looks whether the platform has it. `absent`: it was not posted, or is not yet;
   * to send it again under its key does not double it. `unknown`: nobody can tell. Present only where the platform's
   * history can be read; without it, and when unknown, the part is sent again with a label. Rejects with a DeliveryError.
   */
  findSent?(part: OutgoingPart, to: Address, context: SendContext): Promise<Found>;
  /**
   * The id of the conversation's newest message, or of one that is not older than anything that we have sent there;
   * undefined where the history is closed. Asked before the first try of a part and kept as `context.after`: what is
   * found behind it is this part, whatever our clock says. Rejects with a DeliveryError; nothing was sent then.
   */
  newestMessage?(to: Address, signal: AbortSignal): Promise<string | undefined>;
  /** What is wrong with the set-up, for `my-bot doctor`. Talks to the platform, changes nothing. */
  check?(signal: AbortSignal): Promise<readonly Finding[]>;
}

export interface ChannelLimits {
  /** Longest text of one part, in UTF-16 units. Infinity where there is none. */
  readonly textLength: number;
}

/** What a channel hands to the server. The adapter gets one at each `receive`. */
export interface Receiver {
  /**
   * Takes a batch, in the platform's order. Resolves when all of it is durable (or decided not to be answered); only
   * then may the platform be told to forget it. Rejects if any of it is not durable: then nothing may be confirmed,
   * and the same batch may be given again.
   */
  accept(messages: readonly IncomingMessage[]): Promise<void>;
  /** Puts away durably what could not be understood, so that it can be confirmed and does not make the bot deaf. */
  setAside(payload: unknown, reason: string): Promise<void>;
  /** Says how the connection is; the last state is shown by `status`. */
  report(state: ChannelState): void;
  /** Commands to register in the platform's own menu. */
  readonly commands: readonly { readonly name: string; readonly description: string }[];
}

export interface IncomingMessage {
  /** Idempotency key, unique over all platforms and bots, the same at each redelivery. */
  readonly key: string;
  readonly sender: Sender;
  readonly chat: {
    readonly id: string;
    readonly kind: "private" | "group";
    readonly thread?: string | undefined;
  };
  /** Plain text or caption; empty if there was none. A command's "@name" of this bot is already taken off. */
  readonly text: string;
  readonly messageId: string;
  /** UTC ms. */
  readonly sentAt: number;
  /** In a group: whether the bot was mentioned or replied to. Always true in a private chat. */
  readonly addressed: boolean;
  readonly replyTo?: RepliedMessage | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
}

export type ChannelState =
  | { readonly kind: "connecting" }
  /**
   * `account` is the bot's name on the platform. `lastPollAt`: when the platform last answered, UTC ms: a poll, a
   * heartbeat. `maxSilenceMs`: how old that may become before something is wrong.
   */
  | {
      readonly kind: "connected";
      readonly account: string;
      readonly lastPollAt?: number | undefined;
      readonly maxSilenceMs?: number | undefined;
    }
  /** Retried by itself. `remedy` tells a person what to do. */
  | { readonly kind: "failing"; readonly reason: string; readonly remedy: string };

export interface OutgoingPart {
  /** Markdown; never empty. */
  readonly text: string;
  /** Put before the text as plain words: says that the part may be a repeat. */
  readonly label?: string | undefined;
}

export interface SendContext {
  /** The same at each attempt for the same part, different for every other part: Discord's nonce is made from it. */
  readonly idempotencyKey: string;
  /** When this part was first tried, UTC ms by our clock. Equals now at the first attempt. */
  readonly firstTriedAt: number;
  /** What `newestMessage` said before the part was first tried; undefined if that was lost, or is not known. */
  readonly after?: string | undefined;
  /** Key of the message that is answered. */
  readonly cause?: string | undefined;
  readonly signal: AbortSignal;
}

/** The platform's id of the message that was made. */
export interface Receipt {
  readonly messageId: string;
}

export type Found = Receipt | "absent" | "unknown";

export interface Finding {
  readonly level: "ok" | "warning" | "problem";
  readonly text: string;
  readonly remedy?: string | undefined;
}
