import { type Event, effectKey, type NewEvent } from "../events/event.ts";
import { messageTo, type Owner } from "./replies.ts";

/** What the owner is told, in the conversation that the owner set; nothing while there is no owner. */
export interface OwnerNotices {
  /** A dead letter, told once. One that was itself a notice, or was meant for the owner's own chat, is only in `status`. */
  deadLetter(event: Event, reason: string): readonly NewEvent[];
  /** Replies that were too old to be sent when the server started (UTC ms): one message for all of them. */
  expired(event: Event, startedAt: number): readonly NewEvent[];
  /** Somebody who was refused; one message for each key. */
  stranger(key: string, what: string): readonly NewEvent[];
  /** Something that happened at a time (UTC ms). */
  trouble(what: string, at: number): readonly NewEvent[];
}

const EXPIRED =
  "Replies that had waited for too long when I started were not sent. See: my-bot outbox list";

export function createOwnerNotices(owner: () => Owner | undefined, boot: string): OwnerNotices {
  const notice = (key: string, content: string): readonly NewEvent[] => {
    const to = owner();
    return to ? [messageTo(to, { key, content, boot, kind: "notice" })] : [];
  };
  return {
    deadLetter(event, reason) {
      const to = owner();
      const isOwn = to?.channel === event.channel && to.chat === event.address.chat;
      if (event.type === "OutboundEvent" && (event.kind === "notice" || isOwn)) return [];
      const what =
        event.type === "OutboundEvent"
          ? "A reply could not be delivered"
          : "A message could not be answered";
      const where = `${event.channel}, chat ${event.address.chat}`;
      return notice(
        effectKey(event.key, "dead"),
        `${what} (${where}): ${reason}. See: my-bot outbox list`,
      );
    },
    expired(event, startedAt) {
      if (event.type === "OutboundEvent" && event.kind === "notice") return [];
      return notice(`owner/expired/${startedAt}`, EXPIRED);
    },
    stranger: notice,
    trouble: (what, at) => notice(`owner/trouble/${at}`, what),
  };
}
