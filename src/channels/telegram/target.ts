import type { Address } from "../../events/event.ts";
import type { CallFailure } from "./errors.ts";

/** Telegram refuses the general topic of a forum as a target: it is the chat without a topic. */
const GENERAL_TOPIC = "1";

/** Where a message goes, as arguments of a call. */
export function targetArgs({ chat, thread }: Address) {
  const id = Number(chat);
  return {
    chat_id: Number.isSafeInteger(id) ? id : chat,
    ...(thread === undefined || thread === GENERAL_TOPIC
      ? {}
      : { message_thread_id: Number(thread) }),
  };
}

/** What is quoted. A message that is gone is no reason not to answer. */
export function replyArgs({ replyTo }: Address) {
  if (replyTo === undefined) return {};
  return {
    reply_parameters: { message_id: Number(replyTo), allow_sending_without_reply: true },
  };
}

/** Where to send instead, if the failure is about where it was sent: the group has a new id, or the topic is gone. */
export function otherTarget(failure: CallFailure, target: Address): Address | undefined {
  if (failure.kind !== "refused" || failure.code !== 400) return undefined;
  if (failure.migrateTo !== undefined && failure.migrateTo !== target.chat) {
    return { ...target, chat: failure.migrateTo, thread: undefined };
  }
  if (target.thread === undefined || !/thread not found/i.test(failure.description)) {
    return undefined;
  }
  return { ...target, thread: undefined };
}

/** A 400 that every form of a text would meet: it is about the chat, not about what is said there. */
export const isAboutChat = (description: string): boolean =>
  /chat not found|user not found|not enough rights|have no rights|chat_id|group chat was|not a member|need administrator|message thread|to be replied|(?:PEER|CHAT|TOPIC|USER)_[A-Z_]+/.test(
    description,
  );
