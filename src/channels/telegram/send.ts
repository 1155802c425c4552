import * as z from "zod";
import type { Address } from "../../events/event.ts";
import type { Log } from "../../runtime/log.ts";
import type { OutgoingPart, Receipt, SendContext } from "../channel.ts";
import { DeliveryError } from "../delivery-error.ts";
import { CALL_DEADLINE_MS, type TelegramClient } from "./client.ts";
import { type CallFailure, readFailure, toDeliveryError } from "./errors.ts";
import type { Form } from "./forms.ts";
import { isAboutChat, otherTarget, replyArgs, targetArgs } from "./target.ts";

export interface Sender {
  send(part: OutgoingPart, to: Address, context: SendContext): Promise<Receipt>;
  typing(to: Address, signal: AbortSignal): Promise<void>;
}

/** What became of one form of a part. */
type Outcome =
  | { readonly kind: "sent"; readonly receipt: Receipt }
  | { readonly kind: "failed"; readonly failure: CallFailure };

const MAX_OTHER_TARGETS = 2;

/**
 * Sends with one request. There is another one within the same call only after an answer that proves that nothing was
 * posted: a form of the text was refused, the topic is gone, the group has become a supergroup.
 */
export function createSender(client: TelegramClient, log: Log): Sender {
  /** Groups that have become supergroups, old id to new. */
  const migrated = new Map<string, string>();
  /** Until the server shows that it does not know the method. */
  let knowsRich = true;

  /** Posts one form; tries again without the topic, and at the group's new id, if that is what was wrong. */
  async function post(form: Form, to: Address, signal: AbortSignal): Promise<Outcome> {
    let target: Address = { ...to, chat: migrated.get(to.chat) ?? to.chat };
    for (let others = MAX_OTHER_TARGETS; ; others -= 1) {
      const outcome = await request(client, form, { to: target, signal });
      const other = outcome.kind === "failed" && otherTarget(outcome.failure, target);
      if (!other || others === 0) return outcome;
      if (other.chat !== target.chat) {
        migrated.set(to.chat, other.chat);
        log.warn({ chat: to.chat, newChat: other.chat }, "the group has become a supergroup");
      }
      target = other;
    }
  }

  async function postFirstTaken(
    forms: readonly Form[],
    to: Address,
    signal: AbortSignal,
  ): Promise<Receipt> {
    let unknownMethod = false;
    let failure: CallFailure = {
      kind: "unanswered",
      reason: "the part has no form",
      verdict: { sent: "no" },
    };
    for (const form of forms) {
      const outcome = await post(form, to, signal);
      if (outcome.kind === "sent") {
        if (unknownMethod) knowsRich = false;
        return outcome.receipt;
      }
      failure = outcome.failure;
      if (!isFormRefused(failure, form)) break;
      unknownMethod ||= isNotFound(failure);
      log.info({ chat: to.chat, form: form.kind, reason: failure.reason }, "form refused");
    }
    throw toDeliveryError("send to Telegram", failure);
  }

  return {
    async send(part, to, { signal }) {
      if (signal.aborted) throw notStarted(signal);
      // Loaded with the first message that is sent: the parser is the largest part of this channel.
      const { formsOf } = await import("./forms.ts");
      const { label, forms } = formsOf(part, knowsRich);
      if (label !== undefined) {
        const form: Form = { kind: "text", text: label, entities: [] };
        await postFirstTaken([form], { ...to, replyTo: undefined }, signal);
      }
      return postFirstTaken(forms, to, signal);
    },
    async typing(to, signal) {
      try {
        await client.call(
          (api, abort) => api.sendChatAction({ ...targetArgs(to), action: "typing" }, abort),
          { deadlineMs: CALL_DEADLINE_MS, signal },
        );
      } catch (error) {
        throw toDeliveryError("show typing", readFailure(error));
      }
    },
  };
}

const notStarted = (signal: AbortSignal) =>
  new DeliveryError(
    "Cannot send to Telegram: told to stop before the request",
    { kind: "transient", ambiguous: false },
    { cause: signal.reason },
  );

async function request(
  client: TelegramClient,
  form: Form,
  { to, signal }: { to: Address; signal: AbortSignal },
): Promise<Outcome> {
  const args = { ...targetArgs(to), ...replyArgs(to) };
  try {
    const answer = await client.call<unknown>(
      (api, abort) => {
        if (form.kind === "text") return api.sendMessage({ ...args, ...textArgs(form) }, abort);
        return api.sendRichMessage({ ...args, rich_message: { blocks: [...form.blocks] } }, abort);
      },
      { deadlineMs: CALL_DEADLINE_MS, signal },
    );
    const sent = sentSchema.safeParse(answer);
    if (sent.success) {
      return { kind: "sent", receipt: { messageId: String(sent.data.message_id) } };
    }
    return form.kind === "rich" ? noMessage : { kind: "failed", failure: readFailure(sent.error) };
  } catch (error) {
    return { kind: "failed", failure: readFailure(error) };
  }
}

const sentSchema = z.object({ message_id: z.number() });

/** A server that says "ok" to what it does not know. */
const noMessage: Outcome = {
  kind: "failed",
  failure: {
    kind: "refused",
    reason: "the server answered sendRichMessage with no message",
    code: 404,
    description: "",
    retryAfterMs: undefined,
    migrateTo: undefined,
  },
};

const textArgs = ({ text, entities }: Extract<Form, { kind: "text" }>) => ({
  text,
  ...(entities.length > 0 ? { entities: [...entities] } : {}),
});

const isNotFound = (failure: CallFailure): boolean =>
  failure.kind === "refused" && failure.code === 404;

/** Whether another form of the same text may be taken. */
function isFormRefused(failure: CallFailure, form: Form): boolean {
  if (failure.kind !== "refused") return false;
  // The only method that a server may not know. A 404 to any other is about the token.
  if (failure.code === 404) return form.kind === "rich";
  return failure.code === 413 || (failure.code === 400 && !isAboutChat(failure.description));
}
